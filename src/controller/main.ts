/**
 * The cluster daemon's composition root: reads its surroundings, makes the real cluster, EC2 and clock, starts in order
 * and stops in reverse. Everything it decides is decided elsewhere.
 */
import { hostname } from 'node:os';

import { pino } from 'pino';

import { createEc2Client } from '../aws/client.ts';
import { createEc2 } from '../aws/ec2.ts';
import { describeError } from '../core/errors/coded-error.ts';
import { CONTROLLER_NAME, ports } from '../core/names.ts';
import { createKube } from '../kube/client.ts';
import { systemClock } from '../kube/clock.ts';
import { createEventRecorder } from '../kube/events.ts';
import { inClusterConfig } from '../kube/in-cluster.ts';
import { createInformer } from '../kube/informer.ts';
import { watchCluster } from './cluster.ts';
import { type Controller, startController } from './controller.ts';
import { createMetrics } from './http/metrics.ts';
import { type HttpServer, serveHttp } from '../daemon/http-server.ts';

const log = pino({ base: { component: CONTROLLER_NAME } });
const environment = process.env;
const clock = systemClock;
const random = Math.random;

const start = async (): Promise<() => Promise<void>> => {
  const kube = createKube({
    config: inClusterConfig({ environment }),
    clock,
    random,
    logger: log,
    userAgent: CONTROLLER_NAME,
  });
  const cluster = watchCluster((options) => createInformer({ kube, clock, random, logger: log, ...options }));
  // Without credentials every call fails, is told in events on the nodes, and is tried again.
  const client = createEc2Client({ environment });
  let controller: Controller | undefined;
  const metrics = createMetrics({
    nodes: () => cluster.nodes.all().length,
    records: () => cluster.records.all().length,
    waitingNodes: () => controller?.waitingNodes() ?? 0,
    rulesAgeSeconds: () => controller?.rulesAgeSeconds(),
  });
  const pages = {
    '/healthz': () => ({ body: 'ok\n' }),
    '/readyz': () =>
      controller?.isReady() === true ? { body: 'ok\n' } : { status: 503, body: 'not everything was read yet\n' },
    '/metrics': () => ({ type: 'text/plain; version=0.0.4', body: metrics.text() }),
  };
  const server: HttpServer = await serveHttp(pages, { host: '0.0.0.0', port: ports.controllerMetrics });
  const instance = environment['POD_NAME'] ?? hostname();
  controller = startController({
    kube,
    cluster,
    ec2: createEc2(client),
    events: createEventRecorder({ kube, clock, random, logger: log, component: CONTROLLER_NAME, instance }),
    environment,
    clock,
    random,
    log,
    metrics,
  });
  return async () => {
    await controller.stop();
    await cluster.stop();
    await server.close();
    client.destroy();
    kube.close();
  };
};

try {
  const stop = await start();
  let stopping = false;
  const leave = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    void stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', () => leave('SIGTERM'));
  process.on('SIGINT', () => leave('SIGINT'));
} catch (error) {
  log.fatal({ error: describeError(error) }, 'cannot start');
  process.exit(1);
}
