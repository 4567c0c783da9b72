import { describe, expect, it } from 'vitest';

import type { NetworkInterface } from './model.ts';
import { evaluateOngoing } from './ongoing.ts';
import { sampleFlow, sampleVpc } from './testing/sample-vpc.ts';

type Rules = Readonly<Record<string, readonly string[]>>;
const ongoing = (flow: string, before: Rules, after: Rules) =>
  evaluateOngoing(sampleFlow(flow), { openedIn: sampleVpc({ rules: before }), now: sampleVpc({ rules: after }) });

/** Open to the world both ways: what EC2 does not track. */
const open: Rules = { 'sg-web': ['in tcp 80 from 0.0.0.0/0', 'out all to 0.0.0.0/0'] };

describe('an established connection', () => {
  it('outlives its rule where EC2 tracks it', () => {
    expect(ongoing('web2 → db1 tcp/5432', {}, { 'sg-db': [] })).toEqual({
      alive: true,
      tracked: { egress: true, ingress: true },
    });
  });

  it('outlives a change of its interface’s groups where EC2 tracks it', () => {
    const regroup = (each: NetworkInterface) => (each.id === 'eni-db1' ? { ...each, groups: ['sg-api'] } : each);
    const after = sampleVpc({ change: regroup });
    expect(evaluateOngoing(sampleFlow('web2 → db1 tcp/5432'), { openedIn: sampleVpc(), now: after }).alive).toBe(true);
  });

  it('is cut where EC2 does not track it and its rule goes', () => {
    const closed = { 'sg-web': ['out all to 0.0.0.0/0'] };
    expect(ongoing('node2 → web1 tcp/80', open, closed)).toEqual({
      alive: false,
      because: 'ruleGone',
      side: 'ingress',
    });
  });

  it('is cut where EC2 does not track it and the rule for replies goes', () => {
    const mute = { 'sg-web': ['in tcp 80 from 0.0.0.0/0'] };
    expect(ongoing('node2 → web1 tcp/80', open, mute)).toEqual({ alive: false, because: 'ruleGone', side: 'ingress' });
  });

  it('lives on untracked while narrower rules still cover both ways', () => {
    const narrow = { 'sg-web': ['in tcp 80 from sg-node', 'out tcp to 10.0.0.0/16'] };
    expect(ongoing('node2 → web1 tcp/80', open, narrow)).toEqual({
      alive: true,
      tracked: { egress: true, ingress: false },
    });
  });

  it.each([
    ['node2 → web1 tcp/80', 'admits a range only', ['in tcp 80 from 10.0.0.0/8', 'out all to 0.0.0.0/0'], true],
    [
      'node2 → web1 tcp/80',
      'has no rule for all replies',
      ['in tcp 80 from 0.0.0.0/0', 'out tcp 443 to 0.0.0.0/0'],
      true,
    ],
    ['node2 → web1 tcp/80', 'has replies to a range only', ['in tcp 80 from 0.0.0.0/0', 'out all to 10.0.0.0/8'], true],
    [
      'node2 → web1 tcp/80',
      'is open to the other family only',
      ['in tcp 80 from sg-node', 'in tcp 80 from ::/0', 'out all to ::/0'],
      true,
    ],
    ['node2 → web1 tcp/80', 'is open both ways', ['in tcp 80 from 0.0.0.0/0', 'out tcp to 0.0.0.0/0'], false],
    ['node2 → web1 udp/53', 'is open both ways for udp', ['in udp 53 from 0.0.0.0/0', 'out udp to 0.0.0.0/0'], false],
    [
      'node2 → web1 udp/53',
      'has replies of another protocol',
      ['in udp 53 from 0.0.0.0/0', 'out tcp to 0.0.0.0/0'],
      true,
    ],
    ['node2 → web1 icmp/8/0', 'is icmp', ['in icmp from 0.0.0.0/0', 'out all to 0.0.0.0/0'], true],
    ['node2 → web1 132', 'is another protocol', ['in 132 from 0.0.0.0/0', 'out all to 0.0.0.0/0'], true],
  ])('%s where the target %s: tracked is %4$s', (flow, _, lines, tracked) => {
    const rules = { 'sg-web': lines };
    expect(ongoing(flow, rules, rules)).toMatchObject({ alive: true, tracked: { ingress: tracked } });
  });

  it('is tracked the other way round, too, where everything may come in', () => {
    const wide = { 'sg-web': ['in all from 0.0.0.0/0', 'out tcp 5432 to 0.0.0.0/0'] };
    expect(ongoing('web2 → db1 tcp/5432', wide, wide)).toEqual({
      alive: true,
      tracked: { egress: false, ingress: true },
    });
  });

  it('is always tracked through a NAT gateway', () => {
    const wide = { 'sg-web': ['in all from 0.0.0.0/0', 'out all to 0.0.0.0/0'] };
    expect(ongoing('api3 → internet tcp/443', wide, { 'sg-web': [] })).toEqual({
      alive: true,
      tracked: { egress: true },
    });
  });

  it('is always tracked on one node, where the agent judges', () => {
    expect(ongoing('web1 → web1b tcp/80', open, { 'sg-web': [] }).alive).toBe(true);
  });

  it('ends with the interface, or when its address moves to another', () => {
    const without = { ...sampleVpc(), interfaces: sampleVpc().interfaces.filter(({ id }) => id !== 'eni-db1') };
    const flow = sampleFlow('web2 → db1 tcp/5432');
    expect(evaluateOngoing(flow, { openedIn: sampleVpc(), now: without })).toEqual({ alive: false, because: 'moved' });
    const elsewhere = sampleVpc({
      change: (each) =>
        each.id === 'eni-db1' ? { ...each, id: 'eni-new', attachment: { instance: 'i-2', deviceIndex: 3 } } : each,
    });
    expect(evaluateOngoing(flow, { openedIn: sampleVpc(), now: elsewhere })).toEqual({
      alive: false,
      because: 'moved',
    });
  });

  it('is none if it never passed', () => {
    expect(ongoing('db1 → web2 tcp/80', {}, {})).toEqual({ alive: false, because: 'neverOpened' });
  });
});
