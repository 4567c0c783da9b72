/**
 * ADD and DEL of a sandbox: waits for what a pod needs, then wires it; repeats give the same answer. A pod that asks
 * for groups waits or fails, and is never given the node's.
 */
import { CodedError } from '../../core/errors/coded-error.ts';
import type { CniTarget } from '../../cni/protocol.ts';
import { type Evaluation, waitUntil } from '../admit/wait-until.ts';
import type { RecordKeeper } from '../apply-record/record-keeper.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal-file.ts';
import { type Attachment, sandboxKey } from '../journal/journal.ts';
import type { PodRef, World } from '../world/world.ts';
import { type AddTarget, planAttachment } from './plan-attachment.ts';
import type { Wiring } from './wiring.ts';

export interface AttacherOptions {
  readonly world: World;
  readonly keeper: RecordKeeper;
  readonly journal: Journal;
  readonly wiring: Wiring;
  readonly clock: Clock;
  /** Calls its listener whenever the world or what is in force has changed. */
  readonly onChange: (listener: () => void) => () => void;
  /** Default 60,000: below what kubelets and the plugin itself wait for. */
  readonly deadlineMs?: number;
}

export interface Attacher {
  add(target: AddTarget, signal: AbortSignal): Promise<Attachment>;
  /** Success when there is nothing, and after whatever was under way for the sandbox. */
  remove(sandbox: { readonly containerId: string; readonly ifname: string }): Promise<void>;
  /** Throws attachment-missing. */
  check(sandbox: { readonly containerId: string; readonly ifname: string }): void;
  /** Pods that wait for an address or interface, by pool: `node` or a set's key. */
  waiting(): ReadonlyMap<string, number>;
  /** Sandboxes whose ADD has not been answered yet. */
  underWay(): readonly string[];
}

export function createAttacher(options: AttacherOptions): Attacher {
  const { world, keeper, journal, wiring, clock, onChange, deadlineMs = 60_000 } = options;
  const underWay = new Map<string, { readonly abort: AbortController; readonly done: Promise<unknown> }>();
  const pools = new Map<string, string>();

  const evaluate = (target: AddTarget, pod: PodRef): Evaluation<Attachment> => {
    const inForce = keeper.inForce();
    const { settings, securityGroups } = world.accepted();
    const view = world.pod(pod);
    const evaluation = planAttachment({
      target,
      knowledge: { settings, securityGroups, spec: inForce?.spec, readyInterfaces: inForce?.ready ?? new Set() },
      subject: {
        pod: view,
        serviceAccount: view === undefined ? undefined : world.serviceAccount(view),
        policies: world.policies(),
      },
      journal: journal.state,
      nowMs: clock.nowMs(),
      onPool: (pool) => void pools.set(sandboxKey(target), pool),
    });
    // The kubelet lets a pod go only after our answer.
    if (evaluation.kind === 'wait' && view?.isLeaving === true) return { kind: 'refuse', error: evaluation.cause };
    return evaluation;
  };

  const addOnce = async (target: AddTarget, signal: AbortSignal): Promise<Attachment> => {
    const key = sandboxKey(target);
    const holding = journal.state.holdings.get(key);
    if (holding?.state === 'wired' && holding.attachment.netns === target.netns && wiring.isWired(holding.attachment)) {
      return holding.attachment;
    }
    if (holding !== undefined) wiring.undo(holding.attachment);
    const pod = podOf(target);
    const attachment = await waitUntil({ evaluate: () => evaluate(target, pod), onChange, clock, deadlineMs, signal });
    // Between the choice and here other sandboxes may have had their turn.
    if (journal.state.holders.has(attachment.address)) return addOnce(target, signal);
    wiring.wire(attachment);
    return attachment;
  };

  const settled = async (key: string): Promise<void> => {
    for (let current = underWay.get(key); current !== undefined; current = underWay.get(key)) {
      await current.done.catch(() => undefined);
    }
  };

  return {
    async add(target, signal) {
      const key = sandboxKey(target);
      await settled(key);
      const abort = new AbortController();
      // Not `AbortSignal.any`: that costs more than the choice of the address.
      const onGone = (): void => abort.abort();
      if (signal.aborted) onGone();
      else signal.addEventListener('abort', onGone, { once: true });
      const done = addOnce(target, abort.signal).finally(() => {
        signal.removeEventListener('abort', onGone);
        underWay.delete(key);
        pools.delete(key);
      });
      underWay.set(key, { abort, done });
      return done;
    },
    async remove(sandbox) {
      const key = sandboxKey(sandbox);
      underWay.get(key)?.abort.abort();
      await settled(key);
      const holding = journal.state.holdings.get(key);
      if (holding !== undefined) wiring.release(holding.attachment);
    },
    check(sandbox) {
      const holding = journal.state.holdings.get(sandboxKey(sandbox));
      if (holding?.state !== 'wired' || !wiring.isWired(holding.attachment)) {
        throw new CodedError('attachment-missing', { detail: sandboxKey(sandbox) });
      }
    },
    waiting() {
      const counts = new Map<string, number>();
      for (const pool of pools.values()) counts.set(pool, (counts.get(pool) ?? 0) + 1);
      return counts;
    },
    underWay: () => [...underWay.keys()],
  };
}

function podOf({ args }: CniTarget): PodRef {
  const { K8S_POD_NAMESPACE: namespace = '', K8S_POD_NAME: name = '', K8S_POD_UID: uid = '' } = args;
  if (namespace === '' || name === '') {
    throw new CodedError('cni-request-invalid', { detail: 'CNI_ARGS lacks K8S_POD_NAMESPACE or K8S_POD_NAME' });
  }
  return { namespace, name, uid };
}
