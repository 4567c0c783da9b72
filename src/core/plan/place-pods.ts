/**
 * Which set each pod belongs to. A pod that is wired belongs where its address is, since EC2 judges it there; any other
 * belongs where it asks to be, or nowhere.
 */
import { CodedError } from '../errors/coded-error.ts';
import { setKey, sortedGroups } from '../groups/set-key.ts';
import { holds, isOurs, primaryOf } from './observed.ts';
import type { NodeSnapshot, PodFact } from './snapshot.ts';

export interface PodProblem {
  readonly uid: string;
  readonly error: CodedError;
}

export interface PlacedSet {
  readonly key: string;
  /** Sorted ids. */
  readonly groups: readonly string[];
  /** Sorted by UID. */
  readonly pods: readonly PodFact[];
}

export interface Placement {
  /** Pods with the node's groups. */
  readonly plain: readonly PodFact[];
  /** Sorted by key; each has pods. */
  readonly sets: readonly PlacedSet[];
  readonly problems: readonly PodProblem[];
}

export function placePods(snapshot: NodeSnapshot): Placement {
  const plain: PodFact[] = [];
  const members = new Map<string, { groups: readonly string[]; pods: PodFact[] }>();
  const problems: PodProblem[] = [];
  for (const pod of [...snapshot.pods].sort(byUid)) {
    const asked = askedBy(pod);
    const wired = wiredAt(pod, snapshot);
    if (wired !== undefined && asked !== undefined && wired.join() !== asked.join()) {
      problems.push({ uid: pod.uid, error: mismatch(wired, asked) });
    }
    const groups = wired ?? asked;
    if (groups === undefined) {
      if (pod.demand.kind === 'refused') problems.push({ uid: pod.uid, error: pod.demand.error });
    } else if (groups.length === 0) {
      plain.push(pod);
    } else {
      const key = setKey(groups);
      const set = members.get(key) ?? { groups, pods: [] };
      set.pods.push(pod);
      members.set(key, set);
    }
  }
  const sets = [...members].map(([key, set]) => ({ key, ...set })).sort((a, b) => (a.key < b.key ? -1 : 1));
  return { plain, sets, problems };
}

const byUid = (a: PodFact, b: PodFact): number => (a.uid < b.uid ? -1 : 1);

/** No groups are the node's; undefined: it must have none at all. */
const askedBy = ({ demand }: PodFact): readonly string[] | undefined =>
  demand.kind === 'groups' ? sortedGroups(demand.groups) : demand.kind === 'node' ? [] : undefined;

function wiredAt({ address }: PodFact, snapshot: NodeSnapshot): readonly string[] | undefined {
  if (address === undefined) return undefined;
  const holder = snapshot.interfaces.find((observed) => holds(observed, address));
  if (holder === undefined) return undefined;
  if (holder.id === primaryOf(snapshot)?.id) return [];
  return isOurs(holder, snapshot.instance.id) ? sortedGroups(holder.groups) : undefined;
}

const text = (groups: readonly string[]): string => (groups.length === 0 ? 'the node’s groups' : groups.join(', '));

const mismatch = (wired: readonly string[], asked: readonly string[]): CodedError =>
  new CodedError('groups-mismatch', { detail: `it runs with ${text(wired)} and asks for ${text(asked)}` });
