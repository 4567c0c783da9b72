/** Names and numbers of the lab: one per machine, everything that it makes bears its prefix. */
import { type Prefix4, prefix4 } from '../core/address/prefix.ts';

export const labPaths = {
  /** Registry of processes, namespaces, mounts and cgroups; the lock. */
  runDir: '/run/branchline-lab',
  stateDir: '/var/lib/branchline-lab',
} as const;

export const lab = {
  region: 'us-west-2',
  zone: 'us-west-2a',
  account: '111122223333',
  accessKeyId: 'AKIALABLABLABLABLABL',
  secretAccessKey: 'lab',
  vpcCidr: '10.0.0.0/16',
  subnetCidr: '10.0.0.0/20',
  serviceCidr: '172.20.0.0/16',
  dnsAddress: '172.20.0.10',
  /** Where EC2 answers inside the fabric: an address outside the VPC, reached through its router (TEST-NET-3). */
  ec2Outside: { address: '203.0.113.10', port: 80 },
  /** The one host of the internet (TEST-NET-2); it tells callers the address that it sees them come from. */
  outsideHost: { address: '198.51.100.10', address6: '2001:db8:ffff::10' },
  /** Where EC2 answers on the machine itself. */
  ec2Loopback: { address: '127.0.0.1', port: 4566 },
  /** Where a node's containerd finds images: a registry on the node's own loopback. */
  registryLoopback: { address: '127.0.0.1', port: 61600 },
  /** Where the API server is offered on the machine itself (a relay into its instance's namespace). */
  apiServerLoopback: { address: '127.0.0.1', port: 16443 },
} as const;

/** What elastic addresses are taken from (TEST-NET-3, which has that of EC2 in its other half). */
export const publicRange: Prefix4 = prefix4('203.0.113.128/25');

/** The namespace that plays the VPC; `name` is the lab's `--name`, `lab` by default. */
export const fabricNetns = (name: string): string => `brl-${name}-fabric`;

/** The namespace that plays the internet beyond it. */
export const outsideNetns = (name: string): string => `brl-${name}-outside`;

/**
 * An instance's namespace: its private DNS name, which is also its node's name, so that `ip netns` shows the nodes.
 * Labs of another name prefix it.
 */
export const instanceNetns = (name: string, privateDnsName: string): string =>
  name === 'lab' ? privateDnsName : `${name}-${privateDnsName}`;
