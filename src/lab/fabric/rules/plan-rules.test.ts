import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

import { prefix4 } from '../../../core/address/prefix.ts';
import { itAsRoot } from '../../../linux/testing/as-root.ts';
import { fabricLink, unionChain } from '../names.ts';
import { aGroup, allow, anInterface, aWorld } from '../testing/builders.ts';
import { changeOf } from '../world-change.ts';
import { closedTable } from './base-table.ts';
import { hopTable } from './hop-table.ts';
import { type Element, elementText } from './elements.ts';
import { planRules, renderTable } from './plan-rules.ts';

const web = anInterface({ id: 'eni-web', groups: ['sg-web'] });
const db = anInterface({ id: 'eni-db', addresses: ['10.0.0.20'], groups: ['sg-db', 'sg-all'] });
const dbGroup = aGroup('sg-db', [allow('ingress', 'tcp 5432', 'sg-web')]);
const world = aWorld({
  interfaces: [web, db],
  groups: [
    aGroup('sg-web', [allow('egress', 'all', '0.0.0.0/0'), allow('ingress', 'icmp 3/4', '10.1.0.0/16')]),
    dbGroup,
    aGroup('sg-all', [allow('ingress', 'udp 53-60', 'pl-1'), allow('egress', '50', 'sg-all')]),
  ],
  prefixLists: { 'pl-1': [prefix4('10.2.0.0/16'), prefix4('10.2.1.0/24')] },
});

/**
 * Loaded one after the other in one namespace. A transaction each: a user namespace's root cannot make nft's buffer larger.
 */
function accepted(...rulesets: readonly string[]): string {
  const script = 'for ruleset; do printf "%s" "$ruleset" | nft -f - || exit; done';
  const { status, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', script, 'sh', ...rulesets], { encoding: 'utf8' });
  return status === 0 ? 'accepted' : stderr;
}
const plan = (...worlds: Parameters<typeof changeOf>) => planRules(changeOf(...worlds));
const elementsOf = (...worlds: Parameters<typeof changeOf>): readonly string[] =>
  plan(...worlds).elements.map((one) => `${one.op} ${one.set} ${elementText(one as Element)}`);

describe('the table of a world', () => {
  itAsRoot('is nft text that replaces itself', () => {
    expect(accepted(renderTable(world), renderTable(world))).toBe('accepted');
    expect(accepted(hopTable, hopTable)).toBe('accepted');
  });

  itAsRoot('follows a closed one, which takes nothing from it', () => {
    expect(accepted(closedTable, renderTable(world), closedTable)).toBe('accepted');
    expect(closedTable.match(/hook/g)?.length).toBe(closedTable.match(/policy drop/g)?.length);
  });

  it('lets pass what a rule names and drops everything else', () => {
    const text = renderTable(world);
    expect(text).toContain('ingress_sg_db meta l4proto 6 th dport 5432-5432 ip saddr @members4_sg_web accept\n');
    expect(text).toContain('egress_sg_web meta nfproto ipv4 goto target\n');
    expect(text).toContain('ingress_sg_web icmp type 3 icmp code 4 ip saddr 10.1.0.0/16 accept\n');
    expect(text).toContain('ingress_sg_all meta l4proto 17 th dport 53-60 ip saddr @list4_pl_1 accept\n');
    expect(text).toContain('egress_sg_all meta l4proto 50 ip daddr @members4_sg_all goto target\n');
    // What has a policy to accept translates and judges nothing.
    expect(text.match(/type filter hook/g)?.length).toBe(text.match(/policy drop/g)?.length);
  });

  it('has no rule for a stale reference, or a rule that cannot be read', () => {
    const rules = [
      allow('ingress', 'all', 'sg-gone'),
      allow('ingress', 'all', 'pl-gone'),
      allow('ingress', 'nonsense 1', '0.0.0.0/0'),
    ];
    expect(renderTable(aWorld({ groups: [aGroup('sg-a', rules)] }))).not.toMatch(/add rule inet fabric \w+gress/);
  });
});

describe('a change of the world', () => {
  const withDb = (...rules: readonly ReturnType<typeof allow>[]) =>
    aWorld({ ...world, groups: world.groups.map((group) => (group === dbGroup ? aGroup('sg-db', rules) : group)) });

  it('that is none changes nothing, also when told in new objects', () => {
    expect(plan(world, structuredClone(world))).toEqual({ prepare: '', elements: [], settle: '' });
  });

  it('of one rule rewrites one chain in one transaction', () => {
    expect(plan(world, withDb(allow('ingress', 'tcp 5433', 'sg-web')))).toEqual({
      prepare: '',
      elements: [],
      settle: `flush chain inet fabric ingress_sg_db
add rule inet fabric ingress_sg_db meta l4proto 6 th dport 5433-5433 ip saddr @members4_sg_web accept
`,
    });
    expect(plan(world, withDb()).settle).toBe('flush chain inet fabric ingress_sg_db\n');
  });

  it('of an address is elements alone', () => {
    const grown = anInterface({ id: 'eni-web', addresses: ['10.0.0.10', '10.0.0.11'], groups: ['sg-web'] });
    const after = { ...world, interfaces: [grown, db] };
    expect(plan(world, after)).toMatchObject({ prepare: '', settle: '' });
    expect(elementsOf(world, after)).toEqual([
      `add bearers "${fabricLink('eni-web')}" . 06:00:00:00:00:0a . 10.0.0.11`,
      'add members4_sg_web 10.0.0.11',
    ]);
    expect(elementsOf(after, world).map((line) => line.replace('remove', 'add'))).toEqual(elementsOf(world, after));
  });

  it('that moves an address between interfaces of one group leaves it a member throughout', () => {
    const other = anInterface({ id: 'eni-other', addresses: ['10.0.0.30'], groups: ['sg-web'] });
    const one = { ...web, addresses: [...web.addresses, ...anInterface({ addresses: ['10.0.0.99'] }).addresses] };
    const two = { ...other, addresses: [...other.addresses, ...anInterface({ addresses: ['10.0.0.99'] }).addresses] };
    expect(
      elementsOf({ ...world, interfaces: [one, other] }, { ...world, interfaces: [web, two] }).map((line) =>
        line.split(' ').slice(0, 2).join(' '),
      ),
    ).toEqual(['remove bearers', 'add bearers']);
  });

  it('of an interface’s groups turns its links to other chains in one transaction', () => {
    const after = { ...world, interfaces: [{ ...web, groups: ['sg-web', 'sg-all'] }, db] };
    const planned = plan(world, after);
    expect(planned.prepare).toContain(`add chain inet fabric ${unionChain('egress', ['sg-all', 'sg-web'])}`);
    expect(elementsOf(world, after).filter((line) => line.includes('gress "'))).toHaveLength(4);
    expect(planned.settle).toContain(`delete chain inet fabric ${unionChain('ingress', ['sg-web'])}`);
  });

  it('that makes a group appear or go also changes the rules that refer to it', () => {
    const without = aWorld({ ...world, interfaces: [db], groups: world.groups.filter(({ id }) => id !== 'sg-web') });
    expect(plan(without, world).settle).toContain('add rule inet fabric ingress_sg_db');
    const { settle } = plan(world, without);
    expect(settle).toContain('flush chain inet fabric ingress_sg_db');
    expect(settle.indexOf('flush chain inet fabric ingress_sg_db')).toBeLessThan(
      settle.indexOf('delete set inet fabric members4_sg_web'),
    );
  });

  it('gives a group that is worn but not described members, and no way through', () => {
    const undescribed = aWorld({ ...world, groups: world.groups.filter((group) => group !== dbGroup) });
    expect(plan(world, undescribed)).toEqual({
      prepare: '',
      elements: [],
      settle: 'flush chain inet fabric ingress_sg_db\n',
    });
  });

  it('of a prefix list rewrites its set', () => {
    const after = { ...world, prefixLists: { 'pl-1': [prefix4('10.3.0.0/16')] } };
    expect(plan(world, after)).toEqual({
      prepare: '',
      elements: [],
      settle: 'flush set inet fabric list4_pl_1\nadd element inet fabric list4_pl_1 { 10.3.0.0/16 }\n',
    });
  });
});
