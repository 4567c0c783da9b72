/**
 * The cloud's composition root: EC2's Query API on loopback and inside the VPC, and the fabric that makes its VPC real.
 * When it ends, the fabric goes on forwarding; the supervisor takes the namespaces away.
 */
import { stat } from 'node:fs/promises';

import { pino } from 'pino';

import { describeError } from '../../core/errors/coded-error.ts';
import { openKernel } from '../../linux/kernel.ts';
import { createFabric } from '../fabric/fabric.ts';
import { readConfig } from './config.ts';
import { loadAccessKeys } from './iam/policy.ts';
import { createNetwork } from './network/network.ts';
import { createOutside } from './network/outside.ts';
import { startCloud } from './start-cloud.ts';

const config = readConfig(process.argv.slice(2));
// Standard output carries events for whoever started this; what is for people goes to standard error.
const log = pino({ base: { part: 'cloud' } }, pino.destination({ dest: 2, sync: true }));
// The first use of Node's thread pool must not happen while a namespace is entered: its threads would stay there.
await stat('/');
const kernel = openKernel();
const { name, runDir } = config;

try {
  const cloud = await startCloud({
    ...config,
    log,
    ...(config.iamFile !== undefined && { accessKeys: loadAccessKeys(config.iamFile) }),
    setTtl: (fd, ttl) => kernel.setTtl(fd, ttl),
    network: (services) =>
      createNetwork({
        kernel,
        name,
        runDir,
        createFabric: (fabricName) => createFabric({ kernel, name: fabricName, runDir }),
        outside: createOutside({ kernel, services, log }),
      }),
  });
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping; the fabric goes on forwarding');
    await cloud.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
  log.info({ seed: config.seed, latency: config.latency, state: config.stateDir }, 'serving');
  process.stdout.write(`${JSON.stringify({ event: 'ready', endpoint: cloud.endpoint })}\n`);
} catch (error) {
  log.fatal({ error: describeError(error) }, 'cannot start');
  process.exit(1);
}
