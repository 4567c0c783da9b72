/** Partial builders for tests: each gives a whole, valid value and takes what the test is about. */
import { ipv4 } from '../../core/address/ipv4.ts';
import { mac } from '../../core/address/mac.ts';
import { setKey } from '../../core/groups/set-key.ts';
import type {
  BranchRecord,
  InterfaceRecord,
  NodeNetwork,
  NodeNetworkSpec,
  SetRecord,
} from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import type { SecurityGroupRule } from '../../core/vpc/model.ts';
import type { Attachment } from '../journal/journal.ts';

export const anAttachment = (part: Partial<Attachment> = {}): Attachment => ({
  containerId: 'sandbox',
  ifname: 'eth0',
  pod: { namespace: 'default', name: 'web', uid: 'uid-web' },
  netns: '/run/netns/pod',
  address: ipv4('10.0.0.20'),
  nodeAddress: ipv4('10.0.0.10'),
  interfaceId: 'eni-node',
  hostLink: 'brl00000000001',
  hostMac: mac('02:00:00:00:00:01'),
  podMac: mac('02:00:00:00:00:02'),
  mtu: 9001,
  probePorts: [],
  ...part,
});

export const anInterface = (part: Partial<InterfaceRecord> = {}): InterfaceRecord => ({
  id: 'eni-node',
  mac: '06:00:00:00:00:01',
  deviceIndex: 0,
  card: 0,
  purpose: 'node',
  subnet: '10.0.0.0/20',
  gateway: '10.0.0.1',
  groups: ['sg-0000000000000000a'],
  primaryAddress: '10.0.0.10',
  addresses: ['10.0.0.20', '10.0.0.21'],
  prefixes: [],
  ...part,
});

/** What carries {@link aBranch}. */
export const aTrunk = (part: Partial<InterfaceRecord> = {}): InterfaceRecord =>
  anInterface({
    id: 'eni-trunk',
    mac: '06:00:00:00:00:0f',
    deviceIndex: 3,
    purpose: 'trunk',
    primaryAddress: '10.0.3.5',
    addresses: [],
    ...part,
  });

export const aBranch = (part: Partial<BranchRecord> = {}): BranchRecord => ({
  pod: 'uid-web',
  id: 'eni-branch',
  mac: '06:00:00:00:01:07',
  trunk: 'eni-trunk',
  vlan: 7,
  subnet: '10.0.0.0/20',
  gateway: '10.0.0.1',
  groups: ['sg-0000000000000000b'],
  address: '10.0.3.20',
  ...part,
});

export const aSet = (groups: readonly string[], part: Partial<SetRecord> = {}): SetRecord => ({
  key: setKey(groups),
  groups,
  interfaces: [],
  generation: 1,
  pods: [],
  ...part,
});

export const aSpec = (part: Partial<NodeNetworkSpec> = {}): NodeNetworkSpec => ({
  instance: { id: 'i-1', type: 'm5.large', zone: 'us-west-2a', primaryMac: '06:00:00:00:00:01' },
  vpc: { id: 'vpc-1', cidrs: ['10.0.0.0/16'] },
  interfaces: [anInterface()],
  sets: [],
  ...part,
});

export const aRecord = (spec: Partial<NodeNetworkSpec> = {}, generation = 1): NodeNetwork => ({
  apiVersion: 'branchline.dev/v1alpha1',
  kind: 'NodeNetwork',
  metadata: { name: 'node-1', generation },
  spec: aSpec(spec),
});

export const aGroup = (
  id: string,
  rules: readonly SecurityGroupRule[] = [],
  names: { readonly nameTag?: string; readonly groupName?: string } = {},
): SecurityGroupRecord => ({
  apiVersion: 'branchline.dev/v1alpha1',
  kind: 'SecurityGroup',
  metadata: { name: id },
  spec: { vpc: 'vpc-1', groupName: id, rules, ...names },
});

export const allow = (
  direction: 'ingress' | 'egress',
  peer: string,
  what: { readonly protocol?: string; readonly port?: number; readonly toPort?: number } = {},
): SecurityGroupRule => ({
  id: `sgr-${direction}-${peer}-${what.protocol ?? 'all'}-${what.port ?? 'any'}`,
  direction,
  protocol: what.protocol ?? '-1',
  ...(what.port === undefined ? {} : { fromPort: what.port, toPort: what.toPort ?? what.port }),
  peer: peer.startsWith('sg-')
    ? { kind: 'group', group: peer }
    : peer.startsWith('pl-')
      ? { kind: 'prefixList', prefixList: peer }
      : { kind: 'cidr', cidr: peer },
});
