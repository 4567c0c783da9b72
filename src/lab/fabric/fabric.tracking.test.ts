/** What becomes of connections when rules go: as `evaluateOngoing` says, with real packets. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { describeAsRoot } from '../../linux/testing/as-root.ts';
import { aGroup, allow, anInterface, aWorld } from './testing/builders.ts';
import { scratchVpc } from './testing/scratch-vpc.ts';

const vpc = scratchVpc('t');
const client = anInterface({ netns: vpc.netns('client'), groups: ['sg-client'] });
const server = anInterface({
  id: 'eni-b',
  mac: '06:00:00:00:00:0b',
  netns: vpc.netns('server'),
  addresses: ['10.0.0.20'],
  groups: ['sg-server', 'sg-other'],
});
const out = allow('egress', 'all', '0.0.0.0/0');
type Rules = readonly ReturnType<typeof allow>[];

/** The server's rules are in two groups, and either may have what a connection needs. */
const told = (ofServer: Rules, { ofClient = [out], other = [out] }: { ofClient?: Rules; other?: Rules } = {}): void =>
  vpc.sync(
    aWorld({
      interfaces: [client, server],
      groups: [aGroup('sg-client', ofClient), aGroup('sg-server', ofServer), aGroup('sg-other', other)],
    }),
  );
const flow = 'client → server tcp 80';
const everybody = allow('ingress', 'tcp 80', '0.0.0.0/0');

describeAsRoot('a connection', () => {
  beforeAll(async () => {
    await vpc.add('client', '10.0.0.10');
    await vpc.add('server', '10.0.0.20');
  });
  afterAll(() => vpc.destroy());

  it('that a rule for everywhere admits, where everything may answer, is cut with the rule', async () => {
    told([everybody]);
    const lives = await vpc.hold(flow);
    expect(await lives()).toBe(true);
    told([allow('ingress', 'tcp 80', '10.0.0.10/32')]);
    expect(await lives()).toBe(true);
    told([]);
    expect(await lives()).toBe(false);
  });

  it('is cut also with the rule by which its replies go', async () => {
    told([everybody]);
    const lives = await vpc.hold(flow);
    told([everybody], { other: [allow('egress', 'udp 0-65535', '0.0.0.0/0')] });
    expect(await lives()).toBe(false);
  });

  it('lives on without its rule where that was for some addresses', async () => {
    told([allow('ingress', 'tcp 80', '10.0.0.0/8')]);
    const lives = await vpc.hold(flow);
    told([]);
    expect(await lives()).toBe(true);
  });

  it('lives on where not everything may answer', async () => {
    told([everybody], { other: [allow('egress', 'tcp 0-65535', '10.0.0.0/8')] });
    const lives = await vpc.hold(flow);
    told([]);
    expect(await lives()).toBe(true);
  });

  it('is tracked at one end and not at the other, each by its own rules', async () => {
    told([everybody]);
    const lives = await vpc.hold(flow);
    // The client's end has no rule to let everything in, so it is tracked there.
    told([everybody], { ofClient: [] });
    expect(await lives()).toBe(true);
    const wide = [out, allow('ingress', 'tcp 0-65535', '0.0.0.0/0')];
    told([everybody], { ofClient: wide });
    const untracked = await vpc.hold(flow);
    told([everybody], { ofClient: wide.slice(1) });
    expect([await lives(), await untracked()]).toEqual([true, false]);
  });
});
