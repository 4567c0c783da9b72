/**
 * The node daemon's composition root: reads its surroundings, makes the real kernel, cluster and clock, starts in order
 * and stops in reverse. Everything it decides is decided elsewhere.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

import { pino } from 'pino';

import { AGENT_NAME } from '../core/names.ts';
import { describeError } from '../core/errors/coded-error.ts';
import { createKube } from '../kube/client.ts';
import { systemClock as kubeClock } from '../kube/clock.ts';
import { createEventRecorder, reasonOf } from '../kube/events.ts';
import { inClusterConfig } from '../kube/in-cluster.ts';
import { createInformer } from '../kube/informer.ts';
import { resources } from '../kube/resources.ts';
import { openKernel } from '../linux/kernel.ts';
import { type Agent, startAgent } from './agent.ts';
import { systemClock } from './clock.ts';
import { statusWriter, type Watch, watchCluster } from './cluster.ts';
import { readConfig } from './config.ts';
import { installPlugin, keepInstalled } from './files/install-plugin.ts';
import { gatherLines } from '../daemon/gather-lines.ts';
import { json, serveHttp } from '../daemon/http-server.ts';
import { showInterfaces, showPods } from './http/introspection.ts';
import { createMetrics, type Figures } from './http/metrics.ts';

const config = readConfig(process.argv.slice(2), process.env);
const LOG_BYTES = 8192;
// Not in step with whoever reads stdout: a full pipe must not hold up a pod.
const output = pino.destination({ sync: false, minLength: LOG_BYTES });
const log = pino({ base: { node: config.nodeName } }, gatherLines(output));
const kernel = openKernel(existsSync(config.sysctlRoot) ? { sysctlRoot: config.sysctlRoot } : {});
const surroundings = { clock: kubeClock, random: Math.random, logger: log };
const kube = createKube({ config: inClusterConfig({ environment: process.env }), ...surroundings });
const watch: Watch = ({ projection, ...options }) =>
  createInformer({ kube, project: projection, ...surroundings, ...options });

/** Node offers the descriptor of a connection nowhere else. */
const descriptor = (socket: Socket): number => (socket as Socket & { _handle: { fd: number } })._handle.fd;

let agent: Agent | undefined;
const metrics = createMetrics(() => agent?.figures());
const events = createEventRecorder({
  kube,
  ...surroundings,
  component: AGENT_NAME,
  instance: config.nodeName,
});

const pages = {
  '/healthz': () => ({ type: 'text/plain', body: 'ok\n' }),
  '/readyz': () => ({
    status: agent?.isReady() === true ? 200 : 503,
    type: 'text/plain',
    body: `${agent?.isReady() ?? false}\n`,
  }),
  '/metrics': () => ({ type: 'text/plain; version=0.0.4', body: metrics.text() }),
};
const shown = (show: (figures: Figures) => object) => () => {
  const figures = agent?.figures();
  return json(figures === undefined ? {} : show(figures));
};
const servers = [
  await serveHttp(pages, config.metrics),
  await serveHttp(
    {
      '/v1/enis': shown(showInterfaces),
      '/v1/pods': shown(showPods),
      '/v1/state': () => json(agent?.state() ?? {}),
      '/v1/status': () => json(agent?.status() ?? {}),
    },
    config.introspection,
  ),
];

let stopping = false;
const stop = async (signal: string): Promise<void> => {
  if (stopping) return;
  stopping = true;
  log.info({ signal }, 'stopping; wiring and rules stay in force');
  await agent?.stop();
  await Promise.all(servers.map((server) => server.close()));
  output.flushSync();
  process.exit(0);
};
process.on('SIGTERM', () => void stop('SIGTERM'));
process.on('SIGINT', () => void stop('SIGINT'));

try {
  installPlugin(config.shim, config.binDir);
  agent = await startAgent({
    kernel,
    startInformers: () => watchCluster({ watch, resources, nodeName: config.nodeName }),
    writeStatus: statusWriter(kube, resources.nodeNetworks, config.nodeName),
    environment: process.env,
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    runDir: config.runDir,
    stateDir: config.stateDir,
    peerUid: (socket) => kernel.peerCredentials(descriptor(socket)).uid,
    clock: systemClock,
    log,
    observe: metrics.observe,
    onRefused: (pod, error) => {
      const about = { apiVersion: 'v1', kind: 'Pod', ...pod };
      void events.record({ about, type: 'Warning', reason: reasonOf(error.code), message: error.message });
    },
    onReady: () => keepInstalled({ ...config, clock: systemClock, log }),
  });
} catch (error) {
  log.fatal({ error: describeError(error) }, 'cannot start');
  output.flushSync();
  process.exit(1);
}
