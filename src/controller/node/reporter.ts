/** Tells the cause of what does not work where people look: in events on the pods that wait, and on their node. */
import type { CodedError } from '../../core/errors/coded-error.ts';
import { type EventRecorder, reasonOf } from '../../kube/events.ts';
import type { InvolvedObject } from '../../kube/objects.ts';
import type { NodeView, PodView } from '../views.ts';

export interface Problem {
  /** Absent: it is the node's own. */
  readonly pod?: PodView;
  readonly error: CodedError;
}

export interface Reporter {
  /** All that is wrong with a node now: what is new is told, what is gone is forgotten and would be told again. */
  report(node: NodeView, problems: readonly Problem[]): void;
  /** Whether this very cause has been told about the pod. */
  isTold(node: NodeView, problem: Problem): boolean;
  forget(node: string): void;
}

export function createReporter(events: EventRecorder): Reporter {
  const told = new Map<string, ReadonlySet<string>>();
  const keyOf = ({ pod, error }: Problem): string => `${pod?.uid ?? ''} ${error.code} ${error.detail}`;
  return {
    report(node, problems) {
      const before = told.get(node.name) ?? new Set();
      for (const problem of problems) {
        if (before.has(keyOf(problem))) continue;
        const { pod, error } = problem;
        const about = pod === undefined ? aboutNode(node) : aboutPod(pod);
        // Events never fail the work that they tell of, and nothing waits for them.
        void events.record({ about, type: 'Warning', reason: reasonOf(error.code), message: error.message });
      }
      told.set(node.name, new Set(problems.map(keyOf)));
    },
    isTold: (node, problem) => told.get(node.name)?.has(keyOf(problem)) === true,
    forget: (node) => void told.delete(node),
  };
}

const aboutPod = ({ name, namespace, uid }: PodView): InvolvedObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  name,
  namespace,
  uid,
});

/** Events of nodes name the node as its UID too: that is how `kubectl describe node` finds them. */
const aboutNode = ({ name }: NodeView): InvolvedObject => ({ apiVersion: 'v1', kind: 'Node', name, uid: name });
