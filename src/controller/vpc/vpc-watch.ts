/**
 * What EC2 says of each VPC that has nodes: ranges and subnets, and the groups with their rules. EC2 pushes nothing, so
 * it is asked, once for all nodes; in between the last answer stands, also while EC2 does not answer.
 */
import type { Ec2, Ec2SecurityGroup, Ec2Subnet } from '../../aws/port.ts';
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Log } from '../../daemon/log.ts';

export interface VpcFacts {
  readonly cidrs: readonly string[];
  readonly subnets: readonly Ec2Subnet[];
  readonly groups: readonly Ec2SecurityGroup[];
  /** On the clock of the watch. */
  readonly groupsAtMs: number;
  /** Why the last look failed; what is said here is older, then. */
  readonly trouble?: CodedError;
}

export type VpcChange = 'addressing' | 'names' | 'rules' | 'trouble';

export interface VpcWatch {
  /** The first call for a VPC asks EC2 and throws what it refuses; from then on it is polled. */
  facts(vpc: string): Promise<VpcFacts>;
  /** Of every VPC that was asked for, as last polled. */
  all(): readonly VpcFacts[];
  /** Asks for the groups at once unless that was done within the last second. */
  refreshGroups(vpc: string): Promise<VpcFacts>;
  /** A subnet that has refused an address counts as full until it is polled again. */
  markFull(subnet: string): void;
  onChange(listener: (vpc: string, change: VpcChange) => void): () => void;
  /** The interval of the polls has changed. */
  wake(): void;
  stop(): Promise<void>;
}

export interface VpcWatchOptions {
  readonly ec2: Pick<Ec2, 'vpcCidrs' | 'subnets' | 'securityGroups'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly rulesPollSeconds: () => number;
}

interface Loop {
  readonly job: string;
  readonly vpc: string;
  readonly poll: (vpc: string) => Promise<void>;
  readonly everyMs: () => number;
}

/** Ranges are added by people; two describe calls for the whole cluster. */
const ADDRESSING_POLL_MS = 30_000;
const MIN_REFRESH_MS = 1000;

export function createVpcWatch({ ec2, clock, log, rulesPollSeconds }: VpcWatchOptions): VpcWatch {
  const facts = new Map<string, VpcFacts>();
  const first = new Map<string, Promise<VpcFacts>>();
  const listeners = new Set<(vpc: string, change: VpcChange) => void>();
  const stopping = new AbortController();
  const running: Promise<void>[] = [];
  let alarm = new AbortController();

  const tell = (vpc: string, change: VpcChange): void => {
    for (const listener of listeners) listener(vpc, change);
  };
  const update = (vpc: string, part: Partial<VpcFacts>, change: VpcChange): void => {
    const before = facts.get(vpc);
    if (before === undefined) return;
    const after = { ...before, ...part };
    facts.set(vpc, after);
    if (change === 'addressing' && !same(addressing(before), addressing(after))) tell(vpc, change);
    if (change === 'rules' && !same(names(before), names(after))) tell(vpc, 'names');
    if (change === 'rules' && !same(before.groups, after.groups)) tell(vpc, 'rules');
  };
  const pollAddressing = async (vpc: string): Promise<void> => {
    const [cidrs, subnets] = await Promise.all([ec2.vpcCidrs(vpc), ec2.subnets(vpc)]);
    update(vpc, { cidrs, subnets }, 'addressing');
  };
  const pollGroups = async (vpc: string): Promise<void> => {
    const groups = inOrder(await ec2.securityGroups(vpc));
    update(vpc, { groups, groupsAtMs: clock.now() }, 'rules');
  };
  const setTrouble = (vpc: string, trouble: CodedError | undefined): void => {
    const before = facts.get(vpc);
    if (before === undefined || before.trouble?.code === trouble?.code) return;
    const { trouble: _, ...rest } = before;
    facts.set(vpc, trouble === undefined ? rest : { ...rest, trouble });
    tell(vpc, 'trouble');
  };
  const loop = async ({ job, vpc, poll, everyMs }: Loop): Promise<void> => {
    for (;;) {
      await sleep(everyMs);
      if (stopping.signal.aborted) return;
      try {
        await poll(vpc);
        setTrouble(vpc, undefined);
      } catch (error) {
        log.warn({ job, error: describeError(error) }, 'EC2 was not read');
        if (error instanceof CodedError) setTrouble(vpc, error);
      }
    }
  };
  /** Until so long has passed, by the interval of the moment: a shorter one counts at once. */
  const sleep = async (everyMs: () => number): Promise<void> => {
    const startMs = clock.now();
    for (;;) {
      const leftMs = startMs + everyMs() - clock.now();
      if (leftMs <= 0 || stopping.signal.aborted) return;
      await clock.sleep(leftMs, alarm.signal);
    }
  };
  const begin = async (vpc: string): Promise<VpcFacts> => {
    const [cidrs, subnets, groups] = await Promise.all([ec2.vpcCidrs(vpc), ec2.subnets(vpc), ec2.securityGroups(vpc)]);
    const known = { cidrs, subnets, groups: inOrder(groups), groupsAtMs: clock.now() };
    facts.set(vpc, known);
    running.push(
      loop({ job: 'vpc.poll-addressing', vpc, poll: pollAddressing, everyMs: () => ADDRESSING_POLL_MS }),
      loop({ job: 'vpc.poll-groups', vpc, poll: pollGroups, everyMs: () => rulesPollSeconds() * 1000 }),
    );
    tell(vpc, 'names');
    tell(vpc, 'rules');
    return known;
  };
  const read = async (vpc: string): Promise<VpcFacts> => {
    const known = facts.get(vpc);
    if (known !== undefined) return known;
    const starting = first.get(vpc) ?? begin(vpc).finally(() => first.delete(vpc));
    first.set(vpc, starting);
    return starting;
  };
  return {
    facts: read,
    all: () => [...facts.values()],
    async refreshGroups(vpc) {
      const known = await read(vpc);
      if (clock.now() - known.groupsAtMs < MIN_REFRESH_MS) return known;
      await pollGroups(vpc);
      return facts.get(vpc) ?? known;
    },
    markFull(subnet) {
      for (const [vpc, known] of facts) {
        const subnets = known.subnets.map((each) => (each.id === subnet ? { ...each, freeAddresses: 0 } : each));
        facts.set(vpc, { ...known, subnets });
      }
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    wake() {
      const woken = alarm;
      alarm = new AbortController();
      woken.abort();
    },
    async stop() {
      stopping.abort();
      alarm.abort();
      await Promise.all(running);
    },
  };
}

/** EC2 promises no order, and records must not change without a change. */
const inOrder = (groups: readonly Ec2SecurityGroup[]): readonly Ec2SecurityGroup[] =>
  groups.map((group) => ({ ...group, rules: [...group.rules].sort(byId) })).sort(byId);

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** How many addresses are free changes with every pod, and is news only where there were none. */
const addressing = ({ cidrs, subnets }: VpcFacts) => [
  [...cidrs].sort(),
  [...subnets].sort(byId).map((each) => ({ ...each, freeAddresses: each.freeAddresses > 0 })),
];

const names = ({ groups }: VpcFacts) => groups.map(({ id, groupName, nameTag }) => [id, groupName, nameTag]);
