/**
 * Which set each pod belongs to. A pod that is wired belongs where its address is, since EC2 judges it there; any other
 * belongs where it asks to be, or nowhere.
 */
import { CodedError } from '../errors/coded-error.ts';
import { setKey, sortedGroups } from '../groups/set-key.ts';
import type { BranchRecord } from '../records/node-network.ts';
import { holds, isOurs, primaryOf } from './observed.ts';
import { branchPlacer } from './place-branches.ts';
import type { NodeSnapshot, PodFact } from './snapshot.ts';
import { EKS_PATIENCE_MS } from './targets.ts';

export interface PodProblem {
  readonly uid: string;
  readonly error: CodedError;
}

export interface PlacedSet {
  readonly key: string;
  /** Sorted ids. */
  readonly groups: readonly string[];
  /** Those that share interfaces; sorted by UID. */
  readonly pods: readonly PodFact[];
}

export interface Placement {
  /** Pods with the node's groups. */
  readonly plain: readonly PodFact[];
  /** Sorted by key; each has pods. */
  readonly sets: readonly PlacedSet[];
  /** Sorted by the pod's UID. */
  readonly branches: readonly BranchRecord[];
  readonly problems: readonly PodProblem[];
  /** UIDs of pods that wait for others; whoever plans remembers since when. */
  readonly awaited: readonly string[];
  /** When to tell of them, though nothing has changed. */
  readonly tellInMs?: number;
}

export function placePods(snapshot: NodeSnapshot): Placement {
  const plain: PodFact[] = [];
  const members = new Map<string, { groups: readonly string[]; pods: PodFact[] }>();
  const branches: BranchRecord[] = [];
  const problems: PodProblem[] = [];
  const waiting: { readonly uid: string; readonly leftMs: number }[] = [];
  const placeOnBranch = branchPlacer(snapshot);
  for (const pod of [...snapshot.pods].sort(byUid)) {
    const { uid } = pod;
    const asked = askedBy(pod);
    const shared = wiredAt(pod, snapshot);
    const placed = shared === undefined ? placeOnBranch(pod, asked) : undefined;
    if (placed?.kind === 'waits') {
      const sinceMs = snapshot.awaitedSinceMs.get(uid) ?? snapshot.nowMs;
      const leftMs = placed.mayPass ? sinceMs + EKS_PATIENCE_MS - snapshot.nowMs : 0;
      if (placed.mayPass) waiting.push({ uid, leftMs });
      if (leftMs <= 0) problems.push({ uid, error: placed.error });
      continue;
    }
    if (placed !== undefined) branches.push(placed.branch);
    const wired = shared ?? placed?.branch.groups;
    if (wired !== undefined && asked !== undefined && wired.join() !== asked.join()) {
      problems.push({ uid, error: mismatch(wired, asked) });
    }
    if (wired !== undefined && pod.demand.kind === 'refused' && byPolicy.has(pod.demand.error.code)) {
      problems.push({ uid, error: pod.demand.error });
    }
    const groups = wired ?? asked;
    if (groups === undefined) {
      if (pod.demand.kind === 'refused') problems.push({ uid, error: pod.demand.error });
    } else if (groups.length === 0) {
      plain.push(pod);
    } else if (placed === undefined) {
      const key = setKey(groups);
      const set = members.get(key) ?? { groups, pods: [] };
      set.pods.push(pod);
      members.set(key, set);
    }
  }
  const sets = [...members].map(([key, set]) => ({ key, ...set })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const left = waiting.map(({ leftMs }) => leftMs).filter((ms) => ms > 0);
  const tellInMs = left.length === 0 ? {} : { tellInMs: Math.min(...left) };
  return { plain, sets, branches, problems, awaited: waiting.map(({ uid }) => uid), ...tellInMs };
}

/** What an administrator has changed about pods that run: they stay as they are, and could not start again. */
const byPolicy: ReadonlySet<CodedError['code']> = new Set(['policy-invalid', 'annotation-against-policy']);

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
