/** What the agent says of its record, as a pure function: nothing about single addresses, those are in the journal. */
import { ip } from '../../core/address/ip.ts';
import { containsAddress, prefix } from '../../core/address/prefix.ts';
import { RECORD_PROTOCOL } from '../../core/names.ts';
import type { CodedError } from '../../core/errors/coded-error.ts';
import type {
  Condition,
  InterfaceRecord,
  NodeNetworkSpec,
  NodeNetworkStatus,
  PoolStatus,
} from '../../core/records/node-network.ts';
import type { SettingProblem } from '../../core/settings/settings.ts';
import { setKey } from '../../core/groups/set-key.ts';
import type { JournalState } from '../journal/journal.ts';
import { countPool, poolCapacity } from '../pool/choose-address.ts';
import type { InForce } from './record-keeper.ts';

export interface StatusInput {
  readonly inForce: InForce | undefined;
  /** Why the latest record is not in force. */
  readonly refusal: CodedError | undefined;
  readonly settingProblems: readonly SettingProblem[];
  readonly journal: JournalState;
  readonly waiting: ReadonlyMap<string, number>;
  readonly nowMs: number;
  readonly timestamp: string;
  readonly previous: NodeNetworkStatus;
}

export function statusOf(input: StatusInput): NodeNetworkStatus {
  const { inForce, previous } = input;
  const whole = inForce !== undefined && inForce.missing.length === 0 && inForce.refused.size === 0;
  const appliedGeneration = whole ? inForce.generation : previous.appliedGeneration;
  return {
    protocol: RECORD_PROTOCOL,
    ...(appliedGeneration === undefined ? {} : { appliedGeneration }),
    pools: inForce === undefined ? [] : poolsOf(inForce.spec, input),
    releaseAcks: inForce === undefined ? [] : releasable(inForce.spec, input.journal),
    conditions: conditionsOf(input).map((condition) => dated(condition, input)),
  };
}

/** The interfaces that serve each pool. */
function servingInterfaces(spec: NodeNetworkSpec): ReadonlyMap<string, readonly InterfaceRecord[]> {
  const pools = new Map([['node', spec.interfaces.filter(({ purpose }) => purpose === 'node')]]);
  for (const set of spec.sets)
    pools.set(
      set.key,
      spec.interfaces.filter(({ id }) => set.interfaces.includes(id)),
    );
  return pools;
}

const poolsOf = (spec: NodeNetworkSpec, { journal, nowMs, waiting }: StatusInput): readonly PoolStatus[] =>
  [...servingInterfaces(spec)].map(([pool, interfaces]) => {
    const counts = countPool({ interfaces, journal, nowMs });
    const onBranches = [...journal.holdings.values()].filter(
      ({ attachment: { branch, set } }) => branch !== undefined && set?.key === pool,
    );
    const inUse = counts.inUse + onBranches.length;
    return { pool, inUse, wanted: inUse + (waiting.get(pool) ?? 0), cooling: counts.cooling };
  });

/**
 * Addresses and prefixes of interfaces that serve no set any more, and of branches whose pod no set names, of which
 * nothing is in use: EC2 may have them.
 */
function releasable(
  { interfaces, sets, branches = [] }: NodeNetworkSpec,
  { holders }: JournalState,
): readonly string[] {
  const named = new Set(sets.flatMap((set) => set.interfaces));
  const served = new Set(sets.flatMap(({ pods }) => pods));
  const held = [...holders.keys()];
  return [
    ...interfaces
      .filter(({ id, purpose }) => purpose === 'groups' && !named.has(id))
      .flatMap(({ addresses, prefixes }) => [
        ...addresses.filter((address) => !holders.has(ip(address))),
        ...prefixes.filter((range) => !held.some((address) => containsAddress(prefix(range), address))),
      ]),
    ...branches
      .filter(({ pod, address }) => !served.has(pod) && !holders.has(ip(address)))
      .map(({ address }) => address),
  ];
}

export interface PoolSize extends PoolStatus {
  /** Addresses that pods may hold, held ones included. */
  readonly total: number;
}

export function poolSizes(spec: NodeNetworkSpec | undefined, pools: readonly PoolStatus[]): readonly PoolSize[] {
  const serving = spec === undefined ? new Map<string, readonly InterfaceRecord[]>() : servingInterfaces(spec);
  return pools.map((pool) => {
    const shared = serving.get(pool.pool)?.reduce((sum, record) => sum + poolCapacity(record), 0) ?? 0;
    const branches = spec?.branches?.filter(({ groups }) => setKey(groups) === pool.pool) ?? [];
    return { ...pool, total: shared + branches.length };
  });
}

type Undated = Omit<Condition, 'lastTransitionTime'>;

function conditionsOf({ inForce, refusal, settingProblems }: StatusInput): readonly Undated[] {
  const accepted: Undated =
    refusal === undefined
      ? { type: 'RecordAccepted', status: 'True', reason: 'InForce', message: '' }
      : { type: 'RecordAccepted', status: 'False', reason: reasonOf(refusal), message: refusal.message };
  const interfaces: Undated = { type: 'InterfacesReady', ...readiness(inForce) };
  const [problem] = settingProblems;
  const settings: Undated =
    problem === undefined
      ? { type: 'SettingsValid', status: 'True', reason: 'Valid', message: '' }
      : { type: 'SettingsValid', status: 'False', reason: reasonOf(problem.error), message: problem.error.message };
  return [accepted, interfaces, settings];
}

function readiness(inForce: InForce | undefined): Omit<Undated, 'type'> {
  const [refused] = inForce?.refused ?? [];
  if (refused !== undefined) {
    const [id, error] = refused;
    return { status: 'False', reason: reasonOf(error), message: `${id}: ${error.message}` };
  }
  const missing = inForce?.missing ?? [];
  return missing.length === 0
    ? { status: 'True', reason: 'AllPresent', message: '' }
    : { status: 'False', reason: 'LinkMissing', message: missing.join(', ') };
}

const dated = (condition: Undated, { previous, timestamp }: StatusInput): Condition => {
  const before = previous.conditions?.find(({ type }) => type === condition.type);
  const same = before?.status === condition.status;
  return { ...condition, lastTransitionTime: same ? before.lastTransitionTime : timestamp };
};

/** Kubernetes wants reasons in CamelCase. */
const reasonOf = ({ code }: CodedError): string =>
  code.replaceAll(/(^|-)([a-z])/g, (_, __: string, letter: string) => letter.toUpperCase());
