import { describe, expect, it } from 'vitest';

import { ipv4 } from '../../core/address/ipv4.ts';
import { CodedError } from '../../core/errors/coded-error.ts';
import type { NodeNetworkStatus } from '../../core/records/node-network.ts';
import { replay } from '../journal/journal.ts';
import { mac } from '../../core/address/mac.ts';
import { aBranch, anAttachment, anInterface, aSet, aSpec, aTrunk } from '../testing/builders.ts';
import { clockDouble } from '../testing/doubles.ts';
import { silentLog } from '../../daemon/log.ts';
import { poolSizes, type StatusInput, statusOf } from './status.ts';
import { createStatusReporter } from './status-reporter.ts';

const WEB = 'sg-0000000000000000b';
const spec = aSpec({
  interfaces: [
    anInterface(),
    anInterface({ id: 'eni-web', purpose: 'groups', addresses: ['10.0.1.20'], prefixes: ['10.0.1.32/28'] }),
  ],
  sets: [aSet([WEB], { interfaces: ['eni-web'] })],
});
const [set] = spec.sets;
const input: StatusInput = {
  inForce: { spec, generation: 4, ready: new Set(['eni-node', 'eni-web']), missing: [], refused: new Map() },
  refusal: undefined,
  settingProblems: [],
  journal: replay([{ kind: 'reserved', attachment: anAttachment() }]),
  waiting: new Map([[set?.key ?? '', 2]]),
  nowMs: 0,
  timestamp: '2030-01-01T00:00:00Z',
  previous: {},
};
const none = { generation: 5, ready: new Set<string>(), missing: [], refused: new Map<string, CodedError>() };

describe('the status of a node', () => {
  it('counts each pool, those who wait included', () => {
    const { pools } = statusOf(input);
    expect(pools).toEqual([
      { pool: 'node', inUse: 1, wanted: 1, cooling: 0 },
      { pool: set?.key, inUse: 0, wanted: 2, cooling: 0 },
    ]);
    expect(poolSizes(spec, pools ?? []).map(({ total }) => total)).toEqual([2, 17]);
  });

  it('acknowledges a generation only when every interface of it is there', () => {
    expect(statusOf(input).appliedGeneration).toBe(4);
    const missing = { ...input, inForce: { ...none, spec, missing: ['eni-web'] } };
    expect(statusOf(missing).appliedGeneration).toBeUndefined();
    expect(statusOf({ ...missing, previous: { appliedGeneration: 4 } }).appliedGeneration).toBe(4);
    expect(statusOf(missing).conditions?.[1]).toMatchObject({
      status: 'False',
      reason: 'LinkMissing',
      message: 'eni-web',
    });
  });

  it('says of an interface that the kernel refuses why, and does not acknowledge the generation', () => {
    const refused = new Map([['eni-web', new CodedError('kernel-refused', { detail: 'set-link eth1: EINVAL' })]]);
    const status = statusOf({ ...input, inForce: { ...none, spec, refused } });
    expect(status.appliedGeneration).toBeUndefined();
    expect(status.conditions?.[0]).toMatchObject({ status: 'True' });
    expect(status.conditions?.[1]).toMatchObject({
      status: 'False',
      reason: 'KernelRefused',
      message: expect.stringContaining('eni-web: ') as string,
    });
  });

  it('gives back what interfaces without a set have, as far as no pod holds it', () => {
    expect(statusOf(input).releaseAcks).toEqual([]);
    const without = { ...input, inForce: { ...none, spec: { ...spec, sets: [] } } };
    expect(statusOf(without).releaseAcks).toEqual(['10.0.1.20', '10.0.1.32/28']);
    const holder = anAttachment({ address: ipv4('10.0.1.33') });
    const held = { ...without, journal: replay([{ kind: 'reserved', attachment: holder }]) };
    expect(statusOf(held).releaseAcks).toEqual(['10.0.1.20']);
  });

  it('counts pods on branches, and gives a branch back that no set’s pod has and no pod holds', () => {
    const branches = [aBranch({ groups: [WEB] }), aBranch({ groups: [WEB], pod: 'uid-other', address: '10.0.3.21' })];
    const sets = [aSet([WEB], { pods: ['uid-web', 'uid-other'] })];
    const branched = aSpec({ interfaces: [anInterface(), aTrunk()], sets, branches });
    const way = { vlan: 7, mac: mac('06:00:00:00:01:07'), trunkMac: '06:00:00:00:00:0f', gateway: '10.0.0.1' };
    const holder = anAttachment({
      address: ipv4('10.0.3.20'),
      interfaceId: 'eni-branch',
      branch: way,
      set: { key: set?.key ?? '', groups: [WEB] },
    });
    const journal = replay([{ kind: 'reserved', attachment: holder }]);
    const inForce = { ...none, spec: branched };
    const { pools = [], releaseAcks } = statusOf({ ...input, journal, inForce, waiting: new Map() });
    expect(poolSizes(branched, pools)[1]).toEqual({ pool: set?.key, inUse: 1, wanted: 1, cooling: 0, total: 2 });
    expect(releaseAcks).toEqual([]);
    const unnamed = { ...input, journal, inForce: { ...none, spec: { ...branched, sets: [] } } };
    expect(statusOf(unnamed).releaseAcks).toEqual(['10.0.3.21']);
    expect(statusOf({ ...unnamed, journal: replay([]) }).releaseAcks).toEqual(['10.0.3.20', '10.0.3.21']);
  });

  it('says in a condition why a record is not in force, and dates it by its last turn', () => {
    const refusal = new CodedError('node-record-foreign', { detail: 'x' });
    const first = statusOf({ ...input, refusal });
    expect(first.conditions?.[0]).toMatchObject({
      type: 'RecordAccepted',
      status: 'False',
      reason: 'NodeRecordForeign',
    });
    const later = statusOf({ ...input, refusal, previous: first, timestamp: '2031-01-01T00:00:00Z' });
    expect(later.conditions?.[0]?.lastTransitionTime).toBe('2030-01-01T00:00:00Z');
    const turned = statusOf({ ...input, previous: first, timestamp: '2031-01-01T00:00:00Z' });
    expect(turned.conditions?.[0]).toMatchObject({ status: 'True', lastTransitionTime: '2031-01-01T00:00:00Z' });
  });
});

describe('the reporter of the status', () => {
  const setUp = (write: (status: NodeNetworkStatus) => Promise<void>) => {
    const clock = clockDouble();
    let current: NodeNetworkStatus = { appliedGeneration: 1, pools: [] };
    const reporter = createStatusReporter({ compute: () => current, write, clock, log: silentLog });
    const change = (next: NodeNetworkStatus): void => {
      current = next;
      reporter.touch();
    };
    reporter.touch();
    return { clock, change };
  };
  const pools = (inUse: number): NodeNetworkStatus => ({
    appliedGeneration: 1,
    pools: [{ pool: 'node', inUse, wanted: inUse, cooling: 0 }],
  });

  it('writes a new generation at once, gathers counts, and writes nothing twice', async () => {
    const written: NodeNetworkStatus[] = [];
    const { clock, change } = setUp(async (status) => void written.push(status));
    await clock.advance(100);
    for (let inUse = 1; inUse <= 50; inUse++) {
      change(pools(inUse));
      await clock.advance(10);
    }
    expect(written).toHaveLength(1);
    await clock.advance(3000);
    expect(written.slice(1)).toEqual([pools(50)]);
    change({ ...pools(50), appliedGeneration: 2 });
    await clock.advance(100);
    expect(written.at(-1)?.appliedGeneration).toBe(2);
    change({ ...pools(50), appliedGeneration: 2 });
    await clock.advance(10_000);
    expect(written).toHaveLength(3);
  });

  it('tries again what could not be written', async () => {
    let attempts = 0;
    const { clock } = setUp(async () => {
      if (++attempts < 3) throw new Error('away');
    });
    await clock.advance(10_000);
    expect(attempts).toBe(3);
  });
});
