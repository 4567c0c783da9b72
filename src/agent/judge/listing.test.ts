import { describe, expect, it } from 'vitest';

import { readListing } from './listing.ts';

/** As nft prints it. */
const listing = (elements: string, rule = 'ip saddr @grouped goto judge'): string => `table inet branchline {
	set pods {
		type ifname . ipv4_addr${elements}
	}

	set untranslated {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.0/16, 203.0.113.0/24 }
	}

	map egress {
		type ipv4_addr : verdict
		elements = { 10.0.0.10 : jump e_node, 10.0.1.5 : drop }
	}

	chain postrouting {
		type filter hook postrouting priority 300; policy accept;
		${rule}
	}
}
`;
const two = `
		elements = { "brl00000000001" . 10.0.0.20,
			     "brl00000000002" . 10.0.0.21 }`;

describe('a listing of the judgement', () => {
  it('counts what comes and goes with pods, and keeps everything else as it is', () => {
    expect([...readListing(listing(two)).counts]).toEqual([
      ['pods', 2],
      ['egress', 2],
    ]);
    expect([...readListing(listing('')).counts]).toEqual([
      ['pods', 0],
      ['egress', 2],
    ]);
    expect(readListing(listing(two)).structure).toBe(readListing(listing('')).structure);
    expect(readListing(listing(two)).structure).toContain('203.0.113.0/24');
  });

  it('shows a rule that somebody has changed', () => {
    expect(readListing(listing('', 'accept')).structure).not.toBe(readListing(listing('')).structure);
  });
});
