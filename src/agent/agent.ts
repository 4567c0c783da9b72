/**
 * The node daemon, put together: records come in, are put in force and acknowledged; plugins ask, wait and are served.
 * It must never hold cloud credentials, and never believe of a pod's groups anything but the controller's records.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { CodedError, describeError } from '../core/errors/coded-error.ts';
import type { NodeNetworkStatus } from '../core/records/node-network.ts';
import type { SettingValues } from '../core/settings/settings.ts';
import type { Kernel } from '../linux/port.ts';
import { createRecordKeeper } from './apply-record/record-keeper.ts';
import { type PoolSize, poolSizes, statusOf } from './apply-record/status.ts';
import { createStatusReporter } from './apply-record/status-reporter.ts';
import { createAttacher } from './attach/attacher.ts';
import { createWiring } from './attach/wiring.ts';
import type { Clock } from './clock.ts';
import { createReconciler } from './apply-record/reconciler.ts';
import { type Journal, type JournalFileOptions, openJournal } from './journal/journal-file.ts';
import { createJudgement } from './judge/judgement.ts';
import type { Log } from './log.ts';
import { createRequestHandler, type RequestObserver } from './server/handle-request.ts';
import { acquireLock } from './server/lock.ts';
import { replaySpool } from './server/replay-spool.ts';
import { type AgentServerOptions, startServer } from './server/server.ts';
import { readAccepted, writeAccepted } from './world/accepted-file.ts';
import { createWorld, type Informers } from './world/world.ts';

export interface AgentOptions {
  readonly kernel: Kernel;
  /** Made only once the lock is held: an agent that waits for its predecessor loads no API server. */
  readonly startInformers: () => Informers;
  readonly writeStatus: (status: NodeNetworkStatus) => Promise<void>;
  readonly environment: SettingValues;
  /** Of the machine: a journal of another boot is void. */
  readonly bootId: string;
  /** Socket, lock and spool. */
  readonly runDir: string;
  /** Journal and accepted records. */
  readonly stateDir: string;
  readonly peerUid: AgentServerOptions['peerUid'];
  readonly clock: Clock;
  readonly log: Log;
  readonly observe: RequestObserver;
  /** Called once, when pods can be served. */
  readonly onReady: () => void;
  /** Default 60,000. */
  readonly addDeadlineMs?: number;
  /** Default 5,000: how long after a DEL the runtime has to take the namespace, and the link with it, away. */
  readonly linkGraceMs?: number;
  /** Default: the journal on disk. */
  readonly openJournal?: (options: JournalFileOptions) => Journal;
}

export interface Agent {
  isReady(): boolean;
  /** What the introspection page shows. */
  state(): object;
  status(): NodeNetworkStatus;
  poolSizes(): readonly PoolSize[];
  /** Leaves wiring, rules and routes in the kernel. */
  stop(): Promise<void>;
}

const SPOOL_EVERY_MS = 10_000;

export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { kernel, clock, log, runDir, stateDir } = options;
  for (const folder of [runDir, stateDir]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = await acquireLock(join(runDir, 'agent.lock'), clock, () => log.info({}, 'another agent runs; waiting'));
  const header = { version: 1, bootId: options.bootId, netns: kernel.self().identity } as const;
  const open = options.openJournal ?? openJournal;
  const journal = open({ path: join(stateDir, 'journal'), header });
  const acceptedPath = join(stateDir, 'accepted.json');
  const informers = options.startInformers();
  const world = createWorld({ informers, environment: options.environment, last: readAccepted(acceptedPath) });
  const judgement = createJudgement(kernel);
  const keeper = createRecordKeeper({ kernel, journal, judgement });

  let ready = false;
  const reconciler = createReconciler({
    world,
    keeper,
    clock,
    log,
    onAccepted: (accepted) => writeAccepted(acceptedPath, accepted),
    onChange: () => {
      reporter.touch();
      if (ready || !serving || keeper.inForce() === undefined) return;
      ready = true;
      log.info({}, 'ready: the record is in force and the socket is served');
      options.onReady();
    },
  });
  const wiring = createWiring({
    kernel,
    journal,
    judgement,
    clock,
    log,
    requestReconcile: () => reconciler.request(),
    ...(options.linkGraceMs === undefined ? {} : { linkGraceMs: options.linkGraceMs }),
  });
  const attacher = createAttacher({
    world,
    keeper,
    journal,
    wiring,
    clock,
    onChange: (listener) => reconciler.subscribe(listener),
    ...(options.addDeadlineMs === undefined ? {} : { deadlineMs: options.addDeadlineMs }),
  });
  const notReady = (): CodedError | undefined =>
    ready ? undefined : new CodedError('node-record-missing', { detail: 'no record is in force yet' });
  const status = (previous: NodeNetworkStatus): NodeNetworkStatus =>
    statusOf({
      inForce: keeper.inForce(),
      refusal: reconciler.refusal() ?? notReady(),
      settingProblems: world.settingProblems(),
      journal: journal.state,
      waiting: attacher.waiting(),
      nowMs: clock.nowMs(),
      timestamp: clock.timestamp(),
      previous,
    });
  const reporter = createStatusReporter({ compute: status, write: options.writeStatus, clock, log });
  const handle = createRequestHandler({
    attacher,
    journal,
    notReady,
    clock,
    log,
    observe: (...observation) => {
      options.observe(...observation);
      reporter.touch();
    },
  });

  // Halves that a predecessor left are taken back; their plugins ask again.
  for (const { attachment, state } of journal.state.holdings.values()) {
    if (state === 'reserved') wiring.undo(attachment);
  }
  wiring.sweep();
  let serving = false;
  const spool = join(runDir, 'del');
  await replaySpool(spool, handle, log);
  const server = await startServer({ path: join(runDir, 'agent.sock'), handle, peerUid: options.peerUid, log });
  serving = true;
  reconciler.start();
  // A plugin may have given up just before the socket was there.
  let cancelSpool = (): void => undefined;
  const watchSpool = (): void => {
    cancelSpool = clock.after(SPOOL_EVERY_MS, () => {
      void replaySpool(spool, handle, log)
        .catch((error: unknown) => log.error({ error: describeError(error) }, 'could not replay the spool'))
        .then(watchSpool);
    });
  };
  watchSpool();

  const stop = async (): Promise<void> => {
    cancelSpool();
    reconciler.stop();
    reporter.stop();
    await server.close();
    const { pods, serviceAccounts, records, securityGroups, configMaps } = informers;
    await Promise.all(
      [pods, serviceAccounts, records, securityGroups, ...configMaps].map((informer) => informer.stop()),
    );
    journal.close();
    await lock.release();
  };
  let stopped: Promise<void> | undefined;

  return {
    isReady: () => ready,
    state: () => ({
      inForce: keeper.inForce(),
      accepted: world.accepted(),
      holdings: [...journal.state.holdings.values()],
    }),
    status: () => status({}),
    poolSizes: () => poolSizes(keeper.inForce()?.spec, status({}).pools ?? []),
    stop: () => (stopped ??= stop()),
  };
}
