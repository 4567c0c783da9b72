/** A record that is marked for deletion: what it stands for goes first, then it may. */
import type { NodeNetwork } from '../../core/records/node-network.ts';
import { planTeardown } from '../../core/plan/teardown.ts';
import type { Executor } from './executor.ts';
import type { Observer } from './observer.ts';
import type { RecordWriter } from './record-writer.ts';

export interface RemoveInput {
  readonly record: NodeNetwork;
  /** Somebody deleted the record of a node that lives: it comes back at once, and nothing of the node is touched. */
  readonly isNodeAlive: boolean;
  readonly observer: Observer;
  /** For so long EC2 may not show yet what a predecessor has made. */
  readonly behindMs: number;
  readonly execute: Executor;
  readonly writer: RecordWriter;
  readonly signal: AbortSignal;
}

export async function removeNode(input: RemoveInput): Promise<{ readonly afterMs?: number }> {
  const left = input.isNodeAlive ? {} : await tearDown(input);
  if (left.afterMs === undefined) await input.writer.release(input.record);
  return left;
}

/** `afterMs` absent: nothing of ours exists any more. */
async function tearDown({
  record,
  observer,
  behindMs,
  execute,
  signal,
}: RemoveInput): Promise<{ readonly afterMs?: number }> {
  for (;;) {
    const plan = planTeardown(await observer.remaining(), record.spec.instance.id);
    if (plan.done) return behindMs > 0 ? { afterMs: behindMs } : {};
    if (signal.aborted || plan.actions.length === 0) return { afterMs: plan.againMs ?? 0 };
    const { outcomes, failures } = await execute(plan.actions, record.metadata.name);
    for (const outcome of outcomes) observer.apply(outcome);
    const [first] = failures;
    if (first !== undefined) throw first.error;
  }
}
