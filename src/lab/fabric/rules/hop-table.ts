/**
 * EC2's router is no hop: packets arrive with the TTL that they were sent with. The kernel takes one off each packet
 * that it forwards, and drops what has none left; so the last one is lent another before, and all others get theirs
 * back after. nft cannot add to a field whose checksum it must keep right, it can only set it: hence a rule a value, in
 * chains of sixteen, of which usual values (64, 128 and 255 less one) are the first.
 */

const TABLE = 'fabric_hops';
const LENT = '0x10000';

const sixteenths = Array.from({ length: 16 }, (_, at) => {
  const values = Array.from({ length: 16 }, (_each, low) => 16 * at + 15 - low).filter((ttl) => ttl > 0 && ttl < 255);
  return { chain: `ttl_${at}`, range: `${values.at(-1)}-${values[0]}`, values };
});
/** Adding one flips the lowest clear bit and all below. */
const carries = Array.from({ length: 8 }, (_, at) => ({ below: 2 ** at - 1, flipped: 2 ** (at + 1) - 1 }));

const giveBack = (ttl: number): string => `    ip ttl ${ttl} ip ttl set ${ttl + 1} accept\n`;

/** Static: one transaction that puts it in place of the one that may be there. */
export const hopTable = `add table inet ${TABLE}
delete table inet ${TABLE}
table inet ${TABLE} {
${sixteenths.map(({ chain, values }) => `  chain ${chain} {\n${values.map(giveBack).join('')}  }\n`).join('')}  chain lend {
    type filter hook prerouting priority mangle; policy accept;
    ip ttl 1 meta mark set ${LENT} ip ttl set 2
    ip6 hoplimit 1 meta mark set ${LENT} ip6 hoplimit set 2
  }
  chain give_back {
    type filter hook forward priority 10; policy accept;
    meta mark ${LENT} accept
    ip ttl vmap { ${sixteenths.map(({ range, chain }) => `${range} : goto ${chain}`).join(', ')} }
${carries.map(({ below, flipped }) => `    ip6 hoplimit & ${flipped} == ${below} ip6 hoplimit set ip6 hoplimit ^ ${flipped} accept`).join('\n')}
  }
}
`;
