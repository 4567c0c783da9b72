/** What nft calls things in the cluster's address family: one judgement knows one, and drops what pods send in the other. */
import type { Ip } from '../../core/address/ip.ts';
import type { Family, KeyPart } from '../../linux/port.ts';

export interface FamilyWords {
  /** Header expressions: `ip saddr`, `ip6 saddr`. */
  readonly ip: 'ip' | 'ip6';
  /** Type of addresses in sets. */
  readonly address: 'ipv4_addr' | 'ipv6_addr';
  /** As `meta nfproto` has it. */
  readonly nfproto: Family;
  readonly otherNfproto: Family;
  /** ICMP of the family, by name and number. */
  readonly icmp: 'icmp' | 'icmpv6';
  readonly icmpNumber: 1 | 58;
}

export const familyWords: Readonly<Record<Family, FamilyWords>> = {
  ipv4: { ip: 'ip', address: 'ipv4_addr', nfproto: 'ipv4', otherNfproto: 'ipv6', icmp: 'icmp', icmpNumber: 1 },
  ipv6: { ip: 'ip6', address: 'ipv6_addr', nfproto: 'ipv6', otherNfproto: 'ipv4', icmp: 'icmpv6', icmpNumber: 58 },
};

export const addressPart = (value: Ip): KeyPart =>
  typeof value === 'number' ? { type: 'ipv4', value } : { type: 'ipv6', value };
