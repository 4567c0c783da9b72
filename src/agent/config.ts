/** What the agent is started with: flags say where the machine's folders are mounted, the environment the rest. */
import { parseArgs } from 'node:util';

import { paths, ports } from '../core/names.ts';

export interface AgentConfig {
  /** `NODE_NAME`; required. */
  readonly nodeName: string;
  readonly runDir: string;
  readonly stateDir: string;
  /** The plugin in the image. */
  readonly shim: string;
  /** The machine's folder of plugins, as mounted here. */
  readonly binDir: string;
  /** The machine's folder of network configurations, as mounted here. */
  readonly confDir: string;
  /** A writable view of the machine's /proc/sys, needed since containers see their own read-only. */
  readonly sysctlRoot: string;
  readonly metrics: { readonly host: string; readonly port: number };
  readonly introspection: { readonly host: string; readonly port: number };
}

const options = {
  'run-dir': { type: 'string', default: paths.runDir },
  'state-dir': { type: 'string', default: paths.stateDir },
  shim: { type: 'string', default: `/opt/branchline/bin/${paths.pluginName}` },
  'bin-dir': { type: 'string', default: '/host/opt/cni/bin' },
  'conf-dir': { type: 'string', default: '/host/etc/cni/net.d' },
  'sysctl-root': { type: 'string', default: '/host/proc/sys' },
} as const;

export function readConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): AgentConfig {
  const { values } = parseArgs({ args: [...args], options, strict: true });
  const nodeName = environment['NODE_NAME'];
  if (nodeName === undefined || nodeName === '')
    throw new Error('NODE_NAME is not set: the manifest sets it from spec.nodeName');
  return {
    nodeName,
    runDir: values['run-dir'],
    stateDir: values['state-dir'],
    shim: values.shim,
    binDir: values['bin-dir'],
    confDir: values['conf-dir'],
    sysctlRoot: values['sysctl-root'],
    metrics: { host: '0.0.0.0', port: ports.agentMetrics },
    introspection: { host: '127.0.0.1', port: ports.agentIntrospection },
  };
}
