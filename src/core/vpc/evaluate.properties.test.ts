import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { evaluate } from './evaluate.ts';
import type { Flow, NetworkInterface, SecurityGroupRule, Vpc } from './model.ts';
import { ruleLine } from './testing/rule-line.ts';
import { type Place, places, sampleFlow, sampleInterfaces, sampleVpc } from './testing/sample-vpc.ts';
import { ip } from '../address/ip.ts';

const groupIds = ['sg-node', 'sg-web', 'sg-db', 'sg-api'] as const;
const line = fc
  .record({
    way: fc.constantFrom('in', 'out'),
    traffic: fc.constantFrom('all', 'tcp', 'tcp 80', 'tcp 80-90', 'udp 53', 'icmp', 'icmp 8', 'icmpv6 128', '132'),
    peer: fc.constantFrom(
      ...groupIds,
      'sg-gone',
      'pl-office',
      '0.0.0.0/0',
      '::/0',
      '10.0.0.0/26',
      '10.0.16.0/20',
      '192.168.0.0/16',
    ),
  })
  .map(({ way, traffic, peer }) => `${way} ${traffic} ${way === 'in' ? 'from' : 'to'} ${peer}`);
const lines = fc.array(line, { maxLength: 5 });
const rules = fc.record({ 'sg-node': lines, 'sg-web': lines, 'sg-db': lines, 'sg-api': lines });
/** Any of the sample's interfaces carries any groups. */
const membership = fc.array(fc.subarray([...groupIds], { minLength: 1 }), {
  minLength: sampleInterfaces.length,
  maxLength: sampleInterfaces.length,
});
const vpcs = fc.record({ rules, membership }).map(({ rules, membership }) => {
  const groups = new Map(sampleInterfaces.map(({ id }, index) => [id, membership[index] ?? []]));
  return sampleVpc({ rules, change: (each) => ({ ...each, groups: groups.get(each.id) ?? [] }) });
});
const flows: fc.Arbitrary<Flow> = fc
  .record({
    source: fc.constantFrom(...(Object.keys(places) as Place[])),
    target: fc.constantFrom(...(Object.keys(places) as Place[])),
    traffic: fc.constantFrom<Pick<Flow, 'protocol' | 'port' | 'icmp'>>(
      { protocol: 6, port: 80 },
      { protocol: 6, port: 443 },
      { protocol: 17, port: 53 },
      { protocol: 1, icmp: { type: 8, code: 0 } },
      { protocol: 58, icmp: { type: 128, code: 0 } },
      { protocol: 132 },
    ),
  })
  .map(({ source, target, traffic }) => ({ source: ip(places[source]), target: ip(places[target]), ...traffic }));

const withRule = (vpc: Vpc, group: string, rule: SecurityGroupRule): Vpc => ({
  ...vpc,
  groups: vpc.groups.map((each) => (each.id === group ? { ...each, rules: [...each.rules, rule] } : each)),
});
const withInterfaces = (vpc: Vpc, change: (each: NetworkInterface) => NetworkInterface): Vpc => ({
  ...vpc,
  interfaces: vpc.interfaces.map(change),
});
/** What pods' own groups are follows from the interfaces' groups unless it is said; here it must not change by the way. */
const fixed = (vpc: Vpc): Vpc =>
  withInterfaces(vpc, (each) => (each.purpose === undefined ? { ...each, purpose: 'groups' } : each));

describe('evaluate, whatever the rules', () => {
  it('opens flows and closes them in this sample, so that the properties say something', () => {
    const counts = { open: 0, closed: 0 };
    for (const [vpc, flow] of fc.sample(fc.tuple(vpcs, flows), { numRuns: 500, seed: 1 })) {
      counts[evaluate(flow, vpc).allowed ? 'open' : 'closed']++;
    }
    expect(counts.open).toBeGreaterThan(30);
    expect(counts.closed).toBeGreaterThan(30);
  });

  it('never closes a flow because an allow rule was added', () => {
    fc.assert(
      fc.property(vpcs, flows, fc.constantFrom(...groupIds), line, (vpc, flow, group, added) => {
        const before = evaluate(flow, vpc).allowed;
        const after = evaluate(flow, withRule(vpc, group, ruleLine(added, 'sgr-added'))).allowed;
        return !before || after;
      }),
      { numRuns: 1000 },
    );
  });

  it('never closes a flow because an interface got a further group that nobody refers to', () => {
    fc.assert(
      fc.property(vpcs, flows, fc.array(line, { maxLength: 3 }), (vpc, flow, extra) => {
        const group = {
          id: 'sg-extra',
          vpc: vpc.id,
          name: 'extra',
          rules: extra.map((text, index) => ruleLine(text, `sgr-x${index}`)),
        };
        const more = withInterfaces({ ...fixed(vpc), groups: [...vpc.groups, group] }, (each) => ({
          ...each,
          groups: [...each.groups, group.id],
        }));
        return !evaluate(flow, fixed(vpc)).allowed || evaluate(flow, more).allowed;
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the same verdict, to the rule that it names, in every order of rules, groups and interfaces', () => {
    const shuffled = vpcs.chain((vpc) =>
      fc
        .tuple(
          fc.shuffledSubarray([...vpc.groups], { minLength: vpc.groups.length }),
          fc.shuffledSubarray([...vpc.interfaces], { minLength: vpc.interfaces.length }),
          fc.boolean(),
        )
        .map(([groups, interfaces, turned]) => {
          const turn = <T>(list: readonly T[]): readonly T[] => (turned ? list.toReversed() : list);
          const other: Vpc = {
            ...vpc,
            groups: groups.map((group) => ({ ...group, rules: turn(group.rules) })),
            interfaces: interfaces.map((each) => ({ ...each, groups: turn(each.groups) })),
          };
          return [vpc, other] as const;
        }),
    );
    const essence = (flow: Flow, vpc: Vpc) => {
      const verdict = evaluate(flow, vpc);
      const { judge, passages } = verdict;
      return { judge, passages, refusals: verdict.allowed ? [] : verdict.refusals };
    };
    fc.assert(
      fc.property(shuffled, flows, ([one, other], flow) => {
        expect(essence(flow, other)).toEqual(essence(flow, one));
      }),
      { numRuns: 1000 },
    );
  });

  it('gives for a union of groups, at each side, the union of what each group gives', () => {
    const sides = (flow: Flow, vpc: Vpc): ReadonlySet<string> =>
      new Set(evaluate(flow, vpc).passages.map(({ side }) => side));
    fc.assert(
      fc.property(vpcs, flows, fc.constantFrom(...sampleInterfaces.map(({ id }) => id)), (vpc, flow, at) => {
        const whole = fixed(vpc);
        const owner = whole.interfaces.find(({ id }) => id === at);
        const end = [evaluate(flow, whole)].flatMap(({ source, target }) => [
          ...(source.kind === 'interface' && source.interface.id === at ? ['egress'] : []),
          ...(target.kind === 'interface' && target.interface.id === at ? ['ingress'] : []),
        ]);
        for (const side of end) {
          // Judged with each group alone; the other end keeps its groups, and what refers to this one's is left as it is.
          const alone = (owner?.groups ?? []).map((group) =>
            sides(
              flow,
              withInterfaces(whole, (each) => (each.id === at ? { ...each, groups: [group] } : each)),
            ).has(side),
          );
          const selfReferring = end.length === 2;
          if (!selfReferring) expect(sides(flow, whole).has(side)).toBe(alone.includes(true));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('is a matter of the first packet: it does not change with what is evaluated before', () => {
    const vpc = sampleVpc();
    const flow = sampleFlow('web2 → db1 tcp/5432');
    const first = evaluate(flow, vpc);
    evaluate(sampleFlow('db1 → web2 tcp/80'), vpc);
    expect(evaluate(flow, vpc)).toEqual(first);
  });
});
