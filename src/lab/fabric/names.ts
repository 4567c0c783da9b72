/** Names of what the fabric makes in the kernel, each derived from the id of what it stands for. */
import { type Prefix, type Prefix4, formatPrefix, isPrefix4 } from '../../core/address/prefix.ts';
import { setKey, shortHash } from '../../core/groups/set-key.ts';

/** The nftables table that follows the world, in the fabric's own namespace. */
export const TABLE = 'fabric';
/** Links of other names in the namespace are no interface's. */
export const LINK_PREFIX = 'fab';
/** To the namespace that plays the internet. */
export const OUTSIDE_LINK = 'outside';
/** All of them can be deleted at once, which waits for the kernel once. */
export const LINK_GROUP = 61;
export const DEVICE_MTU = 9001;

/** The fabric's side of an interface's veth; an interface id is longer than the 15 characters that a link may have. */
export const fabricLink = (interfaceId: string): string => `${LINK_PREFIX}${shortHash(interfaceId, 12)}`;
export const instanceLink = (deviceIndex: number): string => `eth${deviceIndex}`;

const identifier = (id: string): string => id.replaceAll(/[^A-Za-z0-9]/g, '_');

export type Version = 4 | 6;
export const versionOf = (prefix: Prefix): Version => (isPrefix4(prefix) ? 4 : 6);

/** Every address of one family of the interfaces that wear the group. */
export const memberSet = (group: string, version: Version): string => `members${version}_${identifier(group)}`;
export const prefixListSet = (list: string, version: Version): string => `list${version}_${identifier(list)}`;
/** The rules of one group. */
export const groupChain = (direction: 'ingress' | 'egress', group: string): string =>
  `${direction}_${identifier(group)}`;
/** The groups of an interface, one jump each; interfaces with the same groups share it. */
export const unionChain = (direction: 'ingress' | 'egress', groups: readonly string[]): string =>
  `${direction}_of_${setKey(groups)}`;
/** The route table of a subnet, for packets that leave the VPC or come into it. */
export const wayChain = (direction: 'out' | 'in', subnet: Prefix4): string =>
  `way_${direction}_${identifier(formatPrefix(subnet))}`;
