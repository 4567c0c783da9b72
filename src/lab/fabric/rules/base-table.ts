/**
 * What stands in the table whatever the world is. Nothing passes that is not let through twice: by the rules of the
 * link it came in by, and by those of the link it leaves by.
 *
 *   prerouting   a source that is not the interface's own            → drop
 *   forward      a tracked connection                                → accept
 *                link in  → its union of groups → a rule that matches → target
 *                target:    link out → its union → a rule that matches → accept
 *   input        likewise, with a service of the cloud in place of the link out
 *   output       answers; a service of the cloud that opens a connection meets the target's side alone
 */
import { TABLE } from '../names.ts';

/** One transaction that puts an empty table in place of the one that may be there. */
export const baseTable = `add table inet ${TABLE}
delete table inet ${TABLE}
table inet ${TABLE} {
  set bearers { type ifname . ether_addr . ipv4_addr; }
  set unchecked { type ifname . ether_addr; }
  set routers { type ipv4_addr; }
  set outside { type ipv4_addr; }
  map egress { type ifname : verdict; }
  map ingress { type ifname : verdict; }
  chain target {
    ip daddr @outside accept
    oifname vmap @ingress
    drop
  }
  chain prerouting {
    type filter hook prerouting priority raw; policy drop;
    iifname "lo" accept
    meta nfproto != ipv4 drop
    iifname . ether saddr . ip saddr @bearers accept
    iifname . ether saddr @unchecked accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname vmap @egress
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    ip daddr @routers meta l4proto icmp accept
    ip daddr @outside iifname vmap @egress
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    ct state established,related accept
    ip saddr @outside goto target
  }
}
`;
