/**
 * The shell around the transitions: parses a call, waits as long as EC2 would, runs it on a draft, makes the network
 * agree, commits, answers. One call is whole before the next begins, since nothing between draft and commit waits.
 */
import { randomUUID } from 'node:crypto';

import { describeError } from '../../../core/errors/coded-error.ts';
import type { Clock } from '../clock.ts';
import type { Authorise } from '../iam/authorise.ts';
import type { Log } from '../log.ts';
import { loadEc2Model } from '../model/ec2-model.ts';
import type { Network } from '../network/network.ts';
import { parseQuery } from '../protocol/parse-query.ts';
import { renderAnswer, renderError } from '../protocol/render-xml.ts';
import type { Caller } from '../protocol/signature.ts';
import type { CallContext, Quotas } from '../state/context.ts';
import { Draft } from '../state/draft.ts';
import { Ec2Error } from '../state/ec2-error.ts';
import { nextSettling, settle } from '../state/settle.ts';
import type { FaultEffect, FaultScript } from './faults.ts';
import { type FoundOperation, findOperation } from './find-operation.ts';
import type { Journal } from './journal.ts';
import { type LatencyProfile, drawFrom } from './latency.ts';
import { RecentPast, drawLag } from './stale-view.ts';
import { TokenBuckets } from './token-buckets.ts';

export interface EngineOptions {
  readonly journal: Journal;
  readonly network: Network;
  readonly latency: LatencyProfile;
  /** Whether calls are counted against EC2's token buckets. */
  readonly throttle: boolean;
  /** How far a describe call may be behind; 0 is never. */
  readonly longestLagMs: number;
  readonly faults: FaultScript;
  /** undefined: any key may do anything. */
  readonly iam: Authorise | undefined;
  readonly clock: Clock;
  /** Even numbers from 0 to below 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly region: string;
  readonly zones: readonly string[];
  readonly account: string;
  readonly quotas: Quotas;
}

/** A call as it came over HTTP. */
export interface Call {
  readonly parameters: ReadonlyMap<string, string>;
  readonly caller: Caller;
}

export interface HttpAnswer {
  readonly status: number;
  readonly requestId: string;
  readonly body: string;
}

/** `hang`: the connection stays open without an answer. `drop`: it ends without one. */
export type Outcome = HttpAnswer | 'hang' | 'drop';

export interface Engine {
  /** Before the first call: what the state says is there must be there, also after a start on an older state. */
  start(): void;
  answer(read: () => Call): Promise<Outcome>;
  close(): void;
}

export function createEngine(options: EngineOptions): Engine {
  const { journal, network, latency, faults, clock, random, log } = options;
  const model = loadEc2Model();
  const buckets = new TokenBuckets();
  const past = new RecentPast();
  let cancelTimer = (): void => undefined;

  const context = (): CallContext => ({
    region: options.region,
    zones: options.zones,
    account: options.account,
    quotas: options.quotas,
    nowMs: clock.nowMs(),
    settlingMs: (what) => drawFrom(latency.settlingMs[what], random),
  });

  /** Nothing has happened if it throws. */
  const commit = (draft: Draft, nowMs: number): void => {
    settle(draft, nowMs);
    const { changes } = draft;
    if (changes.length === 0) return;
    network.apply(draft, changes);
    past.remember(journal.state, changes, nowMs);
    journal.commit(changes);
    schedule();
  };

  const schedule = (): void => {
    cancelTimer();
    const next = nextSettling(journal.state);
    if (next !== undefined) cancelTimer = clock.after(Math.max(0, next - clock.nowMs()), arrive);
  };

  const arrive = (): void => {
    try {
      commit(new Draft(journal.state), clock.nowMs());
      // Timers may fire a little before their time, and then nothing has arrived.
      schedule();
    } catch (error) {
      log.error({ error: describeError(error) }, 'what was under way could not arrive; it is tried again');
      cancelTimer = clock.after(1000, arrive);
    }
  };

  const mayPass = (action: string, request: Readonly<Record<string, unknown>>): void => {
    if (!options.throttle) return;
    const { DryRun: _dryRun, InstanceIds: ids, MaxCount: count, ...rest } = request;
    const named = Array.isArray(ids) ? ids.length : 0;
    const unfiltered = named === 0 && Object.keys(rest).length === 0;
    const instances = action === 'RunInstances' && typeof count === 'number' ? count : named;
    if (buckets.take({ action, unfiltered, instances }, clock.nowMs())) return;
    throw new Ec2Error('RequestLimitExceeded', 'Request limit exceeded.', 503);
  };

  const run = (found: FoundOperation, request: Readonly<Record<string, unknown>>): object => {
    const now = context();
    const lagMs = found.reads ? drawLag(random, options.longestLagMs) : 0;
    const draft = new Draft(lagMs > 0 ? past.at(journal.state, now.nowMs - lagMs) : journal.state);
    const answer = found.operation(draft, request as never, now);
    if (request['DryRun'] === true) {
      throw new Ec2Error('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
    }
    if (!found.reads) commit(draft, now.nowMs);
    return answer;
  };

  const serve = async (call: Call, requestId: string): Promise<Outcome> => {
    const found = findOperation(model, call.parameters);
    const { action } = found;
    const request = parseQuery({ model, shape: found.input, parameters: call.parameters });
    options.iam?.authenticate(call.caller);
    mayPass(action, request);
    options.iam?.authorise({ view: journal.state, caller: call.caller, action, request });
    await clock.sleep(drawFrom(latency.callMs(action), random));
    const fault = faults.next(action);
    if (fault !== undefined) log.info({ action, requestId, fault: fault.kind }, 'a fault of the script');
    if (fault?.kind === 'hang') return 'hang';
    if (fault?.kind === 'fail') throw errorOf(fault);
    const answer = run(found, request) as Record<string, unknown>;
    if (fault?.kind === 'withhold-answer') return 'hang';
    if (fault?.kind === 'lose-answer') return 'drop';
    return { status: 200, requestId, body: renderAnswer({ model, action, shape: found.output, requestId, answer }) };
  };

  return {
    start() {
      network.apply(journal.state, []);
      arrive();
      schedule();
    },
    async answer(read) {
      const requestId = randomUUID();
      const startedMs = clock.nowMs();
      let action = '';
      try {
        const call = read();
        action = call.parameters.get('Action') ?? '';
        const outcome = await serve(call, requestId);
        log.info({ action, requestId, ms: clock.nowMs() - startedMs }, 'answered');
        return outcome;
      } catch (error) {
        const refusal =
          error instanceof Ec2Error ? error : new Ec2Error('InternalError', 'An internal error has occurred', 500);
        const fields = { action, requestId, code: refusal.code, error: describeError(error) };
        if (refusal === error) log.info(fields, 'refused');
        else log.error({ ...fields, stack: error instanceof Error ? error.stack : undefined }, 'a call failed');
        return { status: refusal.status, requestId, body: renderError(refusal, requestId) };
      }
    },
    close: () => cancelTimer(),
  };
}

const errorOf = ({ code, message, status }: Extract<FaultEffect, { readonly kind: 'fail' }>): Ec2Error =>
  new Ec2Error(code, message, status);
