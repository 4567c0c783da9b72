/** What the agent says of its record, as a pure function: nothing about single addresses, those are in the journal. */
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
import type { JournalState } from '../journal/journal.ts';
import { countPool } from '../pool/choose-address.ts';
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
  const whole = inForce !== undefined && inForce.missing.length === 0;
  const appliedGeneration = whole ? inForce.generation : previous.appliedGeneration;
  return {
    protocol: RECORD_PROTOCOL,
    ...(appliedGeneration === undefined ? {} : { appliedGeneration }),
    pools: inForce === undefined ? [] : poolsOf(inForce.spec, input),
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
    const { inUse, cooling } = countPool({ interfaces, journal, nowMs });
    return { pool, inUse, wanted: inUse + (waiting.get(pool) ?? 0), cooling };
  });

export interface PoolSize extends PoolStatus {
  /** Addresses that pods may hold, held ones included. */
  readonly total: number;
}

export function poolSizes(spec: NodeNetworkSpec | undefined, pools: readonly PoolStatus[]): readonly PoolSize[] {
  const serving = spec === undefined ? new Map<string, readonly InterfaceRecord[]>() : servingInterfaces(spec);
  return pools.map((pool) => {
    const interfaces = serving.get(pool.pool) ?? [];
    const total = interfaces.reduce((sum, { addresses, prefixes }) => sum + addresses.length + 16 * prefixes.length, 0);
    return { ...pool, total };
  });
}

type Undated = Omit<Condition, 'lastTransitionTime'>;

function conditionsOf({ inForce, refusal, settingProblems }: StatusInput): readonly Undated[] {
  const accepted: Undated =
    refusal === undefined
      ? { type: 'RecordAccepted', status: 'True', reason: 'InForce', message: '' }
      : { type: 'RecordAccepted', status: 'False', reason: reasonOf(refusal), message: refusal.message };
  const missing = inForce?.missing ?? [];
  const interfaces: Undated =
    missing.length === 0
      ? { type: 'InterfacesReady', status: 'True', reason: 'AllPresent', message: '' }
      : { type: 'InterfacesReady', status: 'False', reason: 'LinkMissing', message: missing.join(', ') };
  const [problem] = settingProblems;
  const settings: Undated =
    problem === undefined
      ? { type: 'SettingsValid', status: 'True', reason: 'Valid', message: '' }
      : { type: 'SettingsValid', status: 'False', reason: reasonOf(problem.error), message: problem.error.message };
  return [accepted, interfaces, settings];
}

const dated = (condition: Undated, { previous, timestamp }: StatusInput): Condition => {
  const before = previous.conditions?.find(({ type }) => type === condition.type);
  const same = before?.status === condition.status;
  return { ...condition, lastTransitionTime: same ? before.lastTransitionTime : timestamp };
};

/** Kubernetes wants reasons in CamelCase. */
const reasonOf = ({ code }: CodedError): string =>
  code.replaceAll(/(^|-)([a-z])/g, (_, __: string, letter: string) => letter.toUpperCase());
