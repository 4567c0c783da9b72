/** Carries out actions: one call each, nothing decided. All are tried, and all failures are told. */
import type { Ec2 } from '../../aws/port.ts';
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import type { Action } from '../../core/plan/action.ts';
import type { Outcome } from '../../core/plan/outcome.ts';
import type { Log } from '../../daemon/log.ts';

export interface Failure {
  readonly action: Action;
  readonly error: CodedError;
}

export interface Execution {
  readonly outcomes: readonly Outcome[];
  readonly failures: readonly Failure[];
}

export type ExecutorEc2 = Pick<
  Ec2,
  | 'createInterface'
  | 'attachInterface'
  | 'setDeleteOnTermination'
  | 'assignAddresses'
  | 'detachInterface'
  | 'deleteInterface'
>;

export interface ExecutorOptions {
  readonly ec2: ExecutorEc2;
  readonly log: Log;
  /** Told of each action; `code` absent: it succeeded. */
  readonly observe: (kind: Action['kind'], code?: string) => void;
}

export type Executor = (actions: readonly Action[], node: string) => Promise<Execution>;

export const createExecutor =
  ({ ec2, log, observe }: ExecutorOptions): Executor =>
  async (actions, node) => {
    const outcomes: Outcome[] = [];
    const failures: Failure[] = [];
    // The actions of one plan do not depend on each other.
    await Promise.all(
      actions.map(async (action) => {
        try {
          outcomes.push(await carryOut(action, ec2));
          observe(action.kind);
          log.info({ node, ...action }, 'done in EC2');
        } catch (thrown) {
          const error =
            thrown instanceof CodedError
              ? thrown
              : new CodedError('ec2-refused', { detail: describeError(thrown), cause: thrown });
          failures.push({ action, error });
          observe(action.kind, error.code);
          log.warn({ node, ...action, error: error.message }, 'EC2 did not do it');
        }
      }),
    );
    return { outcomes, failures };
  };

async function carryOut(action: Action, ec2: ExecutorEc2): Promise<Outcome> {
  switch (action.kind) {
    case 'create-interface':
      return { action, created: await ec2.createInterface(action) };
    case 'attach-interface':
      return { action, attachment: (await ec2.attachInterface(action)).attachment };
    case 'assign-addresses':
      return { action, assigned: await ec2.assignAddresses(action) };
    case 'set-delete-on-termination':
      await ec2.setDeleteOnTermination(action);
      return { action };
    case 'detach-interface':
      await ec2.detachInterface(action);
      return { action };
    case 'delete-interface':
      await ec2.deleteInterface(action);
      return { action };
  }
}
