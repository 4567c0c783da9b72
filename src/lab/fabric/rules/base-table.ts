/**
 * What stands in the table whatever the world is. Nothing passes that is not let through twice: by the rules of the
 * link it came in by, and by those of the link it leaves by.
 *
 *   prerouting   a source that is not the interface's own              → drop
 *   forward      to or from outside, and no route of the subnet's      → drop
 *                a connection that is tracked at both ends             → accept
 *                link in  → its union of groups → a rule that matches  → target
 *                target:    link out → its union → a rule that matches → accept
 *   input        likewise, with what listens here in place of the link out
 *   output       answers; a program that opens a connection meets the target's side alone
 *   translate    public addresses and NAT gateways, at the way outside
 *
 * A connection's mark says at which ends EC2 would not track it (`untracked.ts`): there every packet meets the rules.
 */
import { OUTSIDE_LINK, TABLE } from '../names.ts';

/**
 * For a namespace without links: nothing passes before there are rules. Changes nothing where a table is in force
 * already.
 */
export const closedTable = ['forward', 'input', 'output']
  .map((hook) => `add chain inet ${TABLE} ${hook} { type filter hook ${hook} priority filter; policy drop; }\n`)
  .reduce((text, chain) => text + chain, `add table inet ${TABLE}\n`);

/** Bits of a connection's mark. */
export const UNTRACKED = { egress: 1, ingress: 2 } as const;

const outside = `"${OUTSIDE_LINK}"`;

/** One transaction that puts an empty table in place of the one that may be there. */
export const baseTable = `add table inet ${TABLE}
delete table inet ${TABLE}
table inet ${TABLE} {
  set bearers { type ifname . ether_addr . ipv4_addr; }
  set bearers6 { type ifname . ether_addr . ipv6_addr; flags interval; }
  set neighbours6 { type ifname . ether_addr; }
  set unchecked { type ifname . ether_addr; }
  set routers { type ipv4_addr; }
  set outside { type ipv4_addr; }
  set services { type ipv4_addr; }
  set published { type ipv4_addr; }
  set public { type ipv4_addr; }
  set ranges6 { type ipv6_addr; flags interval; }
  map to_public { type ipv4_addr : ipv4_addr; }
  map to_private { type ipv4_addr : ipv4_addr; }
  map nat_gateways { type mark : ipv4_addr; }
  map ways_out { type ifname : verdict; }
  map ways_in { type ifname : verdict; }
  map egress { type ifname : verdict; }
  map ingress { type ifname : verdict; }
  chain target {
    ct state established ct direction original ct mark & ${UNTRACKED.ingress} == 0 accept
    ct state established ct direction reply ct mark & ${UNTRACKED.egress} == 0 accept
    ip daddr @outside accept
    oifname ${outside} accept
    oifname vmap @ingress
    drop
  }
  chain source {
    iifname vmap @egress
  }
  chain ongoing {
    ct mark & 3 == 0 accept
    ct direction original ct mark & ${UNTRACKED.egress} != 0 goto source
    ct direction reply ct mark & ${UNTRACKED.ingress} != 0 goto source
    goto target
  }
  chain leave {
    iifname vmap @ways_out
    drop
  }
  chain enter {
    ct direction reply return
    oifname vmap @ways_in
    drop
  }
  chain prerouting {
    type filter hook prerouting priority raw; policy drop;
    iifname "lo" accept
    iifname ${outside} ip daddr @public accept
    iifname ${outside} ip6 daddr @ranges6 accept
    iifname ${outside} drop
    ip daddr 224.0.0.0/3 drop
    iifname . ether saddr . ip saddr @bearers accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } iifname . ether saddr @neighbours6 accept
    ip6 daddr ff00::/8 drop
    iifname . ether saddr . ip6 saddr @bearers6 accept
    iifname . ether saddr @unchecked accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname ${outside} oifname ${outside} drop
    oifname ${outside} jump leave
    iifname ${outside} jump enter
    ct state related accept
    ct state established goto ongoing
    iifname ${outside} goto target
    goto source
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, echo-request } accept
    ip daddr @routers meta l4proto icmp accept
    ip daddr @services meta l4proto { tcp, udp } accept
    ip daddr @outside goto source
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip saddr @outside goto target
  }
  chain translate_in {
    type nat hook prerouting priority dstnat; policy accept;
    iifname ${outside} dnat ip to ip daddr map @to_private
  }
  chain translate_out {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != ${outside} accept
    meta mark != 0 ct mark set ct mark & 0xfffffffe
    meta mark != 0 snat ip to meta mark map @nat_gateways
    snat ip to ip saddr map @to_public
  }
}
`;
