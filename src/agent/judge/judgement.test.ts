import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

import { ip } from '../../core/address/ip.ts';
import { ipv4 } from '../../core/address/ipv4.ts';
import { defaultSettings } from '../../core/settings/settings.ts';
import { setKey } from '../../core/groups/set-key.ts';
import { itAsRoot } from '../../linux/testing/as-root.ts';
import { allow, aGroup, anAttachment, anInterface, aSet, aSpec } from '../testing/builders.ts';
import { kernelDouble } from '../testing/kernel-double.ts';
import { elementText } from './elements.ts';
import { createJudgement } from './judgement.ts';
import { type JudgementInput, planJudgement } from './plan-judgement.ts';
import { renderElements, renderStructure } from './render.ts';

const NODE = 'sg-0000000000000000a';
const WEB = 'sg-0000000000000000b';
const DB = 'sg-0000000000000000c';
const web = anAttachment({
  containerId: 'web',
  address: ipv4('10.0.1.20'),
  interfaceId: 'eni-web',
  hostLink: 'brl0000000web',
  set: { key: setKey([WEB]), groups: [WEB] },
  probePorts: [{ protocol: 6, port: 8080 }],
});
const other = anAttachment({ containerId: 'other', pod: { namespace: 'default', name: 'other', uid: 'uid-other' } });
const webInterface = anInterface({
  id: 'eni-web',
  mac: '06:00:00:00:00:02',
  deviceIndex: 1,
  purpose: 'groups',
  groups: [WEB],
  primaryAddress: '10.0.1.5',
});
const input: JudgementInput = {
  spec: aSpec({ interfaces: [anInterface(), webInterface], sets: [aSet([WEB], { pods: ['uid-web'] })] }),
  securityGroups: [
    aGroup(NODE, [allow('ingress', NODE), allow('egress', '0.0.0.0/0')]),
    aGroup(WEB, [
      allow('egress', '0.0.0.0/0', { protocol: 'tcp', port: 80 }),
      allow('egress', DB, { protocol: 'tcp', port: 5432 }),
      allow('ingress', NODE, { protocol: 'icmp', port: 8, toPort: 0 }),
      allow('ingress', 'pl-1'),
      allow('ingress', '::/0'),
      allow('ingress', '10.1.0.0/16', { protocol: 'udp', port: 53, toPort: 60 }),
    ]),
  ],
  attachments: [web, other],
  links: new Map([
    ['eni-node', 'eth0'],
    ['eni-web', 'eth1'],
  ]),
  settings: defaultSettings,
};
const texts = (attachment = web, from = input): readonly string[] =>
  planJudgement(from)
    .elementsOf(attachment)
    .map((element) => `${element.set} ${elementText(element)}`);

describe('the plan of the judgement', () => {
  it('lets through what the rules of a set name and nothing else; what it cannot resolve matches nothing', () => {
    const chains = planJudgement(input).chains.find(({ key }) => key === setKey([WEB]));
    expect(chains?.egress).toEqual(['meta nfproto ipv4 tcp dport 80 return']);
    expect(chains?.ingress).toEqual([
      'ip saddr 10.1.0.0/16 udp dport 53-60 return',
      'ip saddr @m_sg_0000000000000000a icmp type 8 icmp code 0 return',
    ]);
  });

  it('has every pod in the verdict maps, a plain one as the node', () => {
    expect(texts(other)).toEqual([
      'pods "brl00000000001" . 10.0.0.20',
      'egress 10.0.0.20 : jump e_node',
      'ingress 10.0.0.20 : jump i_node',
      'm_sg_0000000000000000a 10.0.0.20',
    ]);
    expect(texts()).toEqual([
      'pods "brl0000000web" . 10.0.1.20',
      `egress 10.0.1.20 : jump e_${setKey([WEB])}`,
      `ingress 10.0.1.20 : jump i_${setKey([WEB])}`,
      'm_sg_0000000000000000b 10.0.1.20',
      'grouped 10.0.1.20',
      'selves 10.0.1.20 . 10.0.1.20',
      'delivered "eth1" . 10.0.1.20',
      'probes 10.0.1.20 . 6 . 8080',
    ]);
  });

  it('lets a running pod follow its record to other groups, and keep its own when the record forgets it', () => {
    const sets = [aSet([DB], { pods: ['uid-web'] })];
    expect(texts(web, { ...input, spec: aSpec({ sets }) })).toContain(`ingress 10.0.1.20 : jump i_${setKey([DB])}`);
    const forgotten = { ...input, spec: aSpec({ sets: [] }) };
    expect(texts(web, forgotten)).toContain(`ingress 10.0.1.20 : jump i_${setKey([WEB])}`);
    expect(planJudgement(forgotten).chains.map(({ key }) => key)).toContain(setKey([WEB]));
  });

  it('drops everything for groups whose rules are not known', () => {
    const { chains } = planJudgement({ ...input, securityGroups: [] });
    expect(chains.flatMap(({ egress, ingress }) => [...egress, ...ingress])).toEqual([]);
  });

  itAsRoot('is a ruleset that nft takes, elements and all', () => {
    const plan = planJudgement(input);
    const ruleset =
      renderStructure(plan) + renderElements([...plan.base, ...plan.elementsOf(web), ...plan.elementsOf(other)]);
    const { status, stderr } = spawnSync('unshare', ['-n', 'nft', '-f', '-'], {
      input: ruleset + ruleset,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});

describe('the plan for an IPv6 cluster', () => {
  const own = { subnet: '2001:db8::/64', gateway: 'fe80:ec2::1' };
  const pod = anAttachment({ ...web, address: ip('2001:db8::20'), nodeAddress: ip('2001:db8::10') });
  const plan = planJudgement({
    ...input,
    spec: aSpec({
      interfaces: [
        anInterface({ ...own, primaryAddress: '2001:db8::10' }),
        { ...webInterface, ...own, primaryAddress: '2001:db8::5' },
      ],
      sets: [aSet([WEB], { pods: ['uid-web'] })],
    }),
    securityGroups: [
      aGroup(WEB, [
        allow('ingress', '::/0', { protocol: 'tcp', port: 80 }),
        allow('ingress', '2001:db8::/32', { protocol: 'icmpv6', port: 128, toPort: 0 }),
        allow('ingress', '2001:db8::/32', { protocol: 'icmp', port: 8, toPort: 0 }),
        allow('ingress', '0.0.0.0/0'),
      ]),
    ],
  });

  it('has the rules of that family, and translates nothing', () => {
    expect(plan.chains.find(({ key }) => key === setKey([WEB]))?.ingress).toEqual([
      'ip6 saddr 2001:db8::/32 icmpv6 type 128 icmpv6 code 0 return',
      'meta nfproto ipv6 tcp dport 80 return',
    ]);
    expect(renderStructure(plan)).not.toContain('snat');
  });

  itAsRoot('is a ruleset that nft takes, elements and all', () => {
    const ruleset = renderStructure(plan) + renderElements([...plan.base, ...plan.elementsOf(pod)]);
    const { stderr } = spawnSync('unshare', ['-n', 'nft', '-f', '-'], { input: ruleset, encoding: 'utf8' });
    expect(stderr).toBe('');
  });
});

describe('the judgement in the kernel', () => {
  it('changes elements alone while pods come and go, and the whole table when a rule changes', () => {
    const kernel = kernelDouble();
    const judgement = createJudgement(kernel);
    judgement.reconcile({ ...input, attachments: [] });
    judgement.admit(web);
    judgement.dismiss(web);
    judgement.reconcile({ ...input, attachments: [] });
    expect(kernel.log.map((line) => line.split(' ')[0])).toEqual(['nft', 'elements', 'elements']);
    judgement.reconcile({ ...input, attachments: [web], securityGroups: [aGroup(WEB)] });
    expect(kernel.log.at(-1)).toContain('add element inet branchline grouped { 10.0.1.20 }');
  });

  it('rewrites everything after a failure', () => {
    const kernel = kernelDouble();
    const judgement = createJudgement(kernel);
    judgement.reconcile({ ...input, attachments: [] });
    kernel.failNext('elements');
    expect(() => judgement.admit(web)).toThrow();
    expect(() => judgement.admit(web)).toThrow('no judgement is in force');
    judgement.reconcile({ ...input, attachments: [web] });
    expect(kernel.log.at(-1)).toMatch(/^nft/);
  });

  it('is written anew when a comparison finds it gone', () => {
    const kernel = kernelDouble();
    const judgement = createJudgement(kernel);
    judgement.reconcile(input);
    judgement.isIntact();
    judgement.reconcile(input);
    expect(kernel.log).toHaveLength(1);
    kernel.failNext('nftList');
    judgement.isIntact();
    judgement.reconcile(input);
    expect(kernel.log).toHaveLength(2);
  });

  it('admits nobody before it is in force', () => {
    expect(() => createJudgement(kernelDouble()).admit(web)).toThrow('no judgement is in force');
  });
});
