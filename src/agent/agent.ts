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
import { poolSizes, statusOf } from './apply-record/status.ts';
import { createStatusReporter } from './apply-record/status-reporter.ts';
import { createAttacher } from './attach/attacher.ts';
import { createForgetter } from './attach/forget-connections.ts';
import { createLinkReaper } from './attach/link-reaper.ts';
import { createWiring } from './attach/wiring.ts';
import type { Clock } from './clock.ts';
import { createGuard } from './apply-record/guard.ts';
import { createReconciler } from './apply-record/reconciler.ts';
import { type Journal, type JournalFileOptions, openJournal } from './journal/journal-file.ts';
import { createJudgement } from './judge/judgement.ts';
import type { Log } from '../daemon/log.ts';
import { COOLDOWN_MS } from './pool/choose-address.ts';
import { createRequestHandler, type HandlerOptions, type RequestObserver } from './server/handle-request.ts';
import type { Figures } from './http/metrics.ts';
import { selfTest, type SelfTestOptions } from './self-test/self-test.ts';
import { acquireLock } from './server/lock.ts';
import { replaySpool } from './server/replay-spool.ts';
import { type AgentServerOptions, startServer } from './server/server.ts';
import { readAccepted, writeAccepted } from './world/accepted-file.ts';
import { createSubjectsKeeper, readSubjects } from './world/subjects-file.ts';
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
  /** Default: nobody is told but the plugin and the log. */
  readonly onRefused?: HandlerOptions['onRefused'];
  /** Called once, when pods can be served. */
  readonly onReady: () => void;
  /** Default 60,000. */
  readonly addDeadlineMs?: number;
  /** Default 5,000: how long after a DEL the runtime has to take the namespace, and the link with it, away. */
  readonly linkGraceMs?: number;
  /** Default: a sandbox of our own is wired and reached. */
  readonly selfTest?: (options: SelfTestOptions) => Promise<void>;
  /** Default: the journal on disk. */
  readonly openJournal?: (options: JournalFileOptions) => Journal;
}

export interface Agent {
  isReady(): boolean;
  /** What the introspection page shows. */
  state(): object;
  status(): NodeNetworkStatus;
  figures(): Figures;
  /** Leaves wiring, rules and routes in the kernel. */
  stop(): Promise<void>;
}

const PROVE_EVERY_MS = 1000;
/** A look into a folder that is empty, as a rule. */
const SPOOL_EVERY_MS = 1000;

export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { kernel, clock, log, runDir, stateDir } = options;
  for (const folder of [runDir, stateDir]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = await acquireLock(join(runDir, 'agent.lock'), clock, () => log.info({}, 'another agent runs; waiting'));
  const header = { version: 1, bootId: options.bootId, netns: kernel.self().identity } as const;
  const open = options.openJournal ?? openJournal;
  const journal = open({ path: join(stateDir, 'journal'), header });
  const acceptedPath = join(stateDir, 'accepted.json');
  const informers = options.startInformers();
  const subjectsPath = join(stateDir, 'subjects.json');
  const last = { ...readAccepted(acceptedPath), ...readSubjects(subjectsPath) };
  const world = createWorld({ informers, environment: options.environment, last });
  const subjects = createSubjectsKeeper({ path: subjectsPath, subjects: () => world.subjects(), clock, log });
  const leaveSubjects = world.onChange(() => subjects.touch());
  subjects.touch();
  const judgement = createJudgement(kernel);
  const branchReaper = createLinkReaper({ kernel, clock, log, graceMs: 0 });
  const keeper = createRecordKeeper({ kernel, journal, judgement, reaper: branchReaper });

  let ready = false;
  let proving: Promise<void> | undefined;
  let unproved: CodedError | undefined;
  let cancelProof = (): void => undefined;
  const reconciler = createReconciler({
    world,
    keeper,
    clock,
    log,
    onAccepted: (accepted) => writeAccepted(acceptedPath, accepted),
    onChange: () => {
      reporter.touch();
      prove();
    },
  });
  const guard = createGuard({ kernel, keeper, clock, log, request: () => reconciler.request() });
  const forgetter = createForgetter({ kernel, clock, log });
  const reaper = createLinkReaper({ kernel, clock, log, graceMs: options.linkGraceMs ?? 5000 });
  const wiring = createWiring({
    kernel,
    forgetter,
    reaper,
    journal,
    judgement,
    clock,
    log,
    requestReconcile: () => reconciler.request(),
    onBranchFree(id, { vlan }) {
      const branches = keeper.inForce()?.spec.branches ?? [];
      // What the record still has stays; else its device is to go, or another's to take its place.
      if (!branches.some((branch) => branch.id === id && branch.vlan === vlan)) reconciler.request();
    },
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
    ready ? undefined : (unproved ?? new CodedError('node-record-missing', { detail: 'no record is in force yet' }));
  const test = options.selfTest ?? selfTest;
  const prove = (): void => {
    const spec = keeper.inForce()?.spec;
    if (ready || proving !== undefined || !serving || spec === undefined) return;
    proving = test({ kernel, wiring, journal, spec }).then(
      () => {
        ready = true;
        log.info({}, 'ready: the record is in force, the socket is served, a test sandbox was reached');
        options.onReady();
        reporter.touch();
      },
      (error: unknown) => {
        unproved = error instanceof CodedError ? error : undefined;
        log.error({ error: describeError(error) }, 'the self-test failed');
        cancelProof = clock.after(PROVE_EVERY_MS, () => {
          proving = undefined;
          prove();
        });
      },
    );
  };
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
    onRefused: options.onRefused ?? (() => undefined),
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
  const coolingSince = clock.nowMs() - COOLDOWN_MS;
  forgetter.forget(...[...journal.state.idleSince].filter(([, at]) => at > coolingSince).map(([address]) => address));
  let serving = false;
  const spool = join(runDir, 'del');
  await replaySpool(spool, handle, log);
  const server = await startServer({ path: join(runDir, 'agent.sock'), handle, peerUid: options.peerUid, log });
  serving = true;
  guard.start();
  reconciler.start();
  await proving;
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
    cancelProof();
    await proving;
    reconciler.stop();
    guard.stop();
    reporter.stop();
    forgetter.stop();
    reaper.stop();
    branchReaper.stop();
    leaveSubjects();
    subjects.stop();
    await server.close();
    const { configMaps, ...others } = informers;
    await Promise.all([...Object.values(others), ...configMaps].map((informer) => informer.stop()));
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
      underWay: attacher.underWay(),
    }),
    status: () => status({}),
    figures: () => {
      const spec = keeper.inForce()?.spec;
      const attachments = [...journal.state.holdings.values()].map(({ attachment }) => attachment);
      return { ready, spec, pools: poolSizes(spec, status({}).pools ?? []), attachments };
    },
    stop: () => (stopped ??= stop()),
  };
}
