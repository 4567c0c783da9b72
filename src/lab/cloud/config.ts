/** The flags that the cloud is started with. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { lab, labPaths } from '../names.ts';
import { type LatencyName, latencyProfiles } from './engine/latency.ts';
import { LONGEST_LAG_MS } from './engine/stale-view.ts';
import { type Quotas, defaultQuotas } from './state/context.ts';

export interface CloudConfig {
  /** The lab's. */
  readonly name: string;
  readonly runDir: string;
  readonly stateDir: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly latency: LatencyName;
  readonly seed: string;
  readonly quotas: Quotas;
  /** File of access keys and their policies; undefined: any key may do anything. */
  readonly iamFile: string | undefined;
  readonly throttle: boolean;
  readonly longestLagMs: number;
}

const options = {
  name: { type: 'string', default: 'lab' },
  'run-dir': { type: 'string', default: labPaths.runDir },
  state: { type: 'string' },
  listen: { type: 'string', default: `${lab.ec2Loopback.address}:${lab.ec2Loopback.port}` },
  latency: { type: 'string', default: 'ec2' },
  seed: { type: 'string' },
  iam: { type: 'string' },
  throttle: { type: 'boolean' },
  trunks: { type: 'boolean', default: false },
  'longest-lag-ms': { type: 'string', default: '0' },
  'groups-per-interface': { type: 'string', default: String(defaultQuotas.groupsPerInterface) },
  'interfaces-per-region': { type: 'string', default: String(defaultQuotas.interfaces) },
} as const;

const isLatency = (name: string): name is LatencyName => Object.hasOwn(latencyProfiles, name);

export function readConfig(args: readonly string[]): CloudConfig {
  const { values } = parseArgs({ args: [...args], options, strict: true, allowNegative: true });
  const [, host, port] = /^(\[.+\]|[^:]+):(\d{1,5})$/.exec(values.listen) ?? [];
  if (host === undefined || port === undefined) throw new Error('--listen is ADDRESS:PORT');
  if (!isLatency(values.latency)) throw new Error(`--latency is one of: ${Object.keys(latencyProfiles).join(', ')}`);
  const positive = (name: 'groups-per-interface' | 'interfaces-per-region'): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is a number from 1 on`);
    return value;
  };
  const groupsPerInterface = positive('groups-per-interface');
  if (groupsPerInterface > 16) {
    throw new Error('--groups-per-interface is a number from 1 to 16: EC2 grants no more');
  }
  const longestLagMs = Number(values['longest-lag-ms']);
  if (!Number.isInteger(longestLagMs) || longestLagMs < 0 || longestLagMs > LONGEST_LAG_MS) {
    throw new Error(`--longest-lag-ms is a number from 0 to ${LONGEST_LAG_MS}`);
  }
  return {
    name: values.name,
    runDir: values['run-dir'],
    stateDir: values.state ?? join(labPaths.stateDir, values.name, 'cloud'),
    listen: { host, port: Number(port) },
    latency: values.latency,
    seed: values.seed ?? randomBytes(8).toString('hex'),
    quotas: { groupsPerInterface, interfaces: positive('interfaces-per-region'), trunks: values.trunks },
    iamFile: values.iam,
    throttle: values.throttle ?? values.latency === 'ec2',
    longestLagMs,
  };
}
