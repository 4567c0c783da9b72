/** Elements of a set added and removed, 1, 100 and 10,000 in one transaction, and chains, against `nft -f -`. */
import { formatIpv4, ipv4, type Ipv4 } from '../../src/core/address/ipv4.ts';
import { openKernel } from '../../src/linux/kernel.ts';
import type { ElementChange, Kernel, Netns } from '../../src/linux/port.ts';
import { type Bench, byTurns, type Measure, timed } from '../bench.ts';
import { nftText } from './forked.ts';

const NETNS = `brlbench-${process.pid}-nft`;
const sizes = [
  { size: 1, rounds: 200 },
  { size: 100, rounds: 100 },
  { size: 10_000, rounds: 20 },
] as const;
/** What the set holds all the while: a change must not cost more where there is much. */
const PRESENT = 10_000;
const CHAIN_ROUNDS = 100;

const addresses = (base: string, count: number): readonly Ipv4[] =>
  Array.from({ length: count }, (_, at) => (ipv4(base) + at) as Ipv4);
const change = (op: 'add' | 'remove', value: Ipv4): ElementChange => ({
  op,
  table: 'bench',
  set: 's',
  key: [{ type: 'ipv4', value }],
});
const elementText = (verb: 'add' | 'delete', values: readonly Ipv4[]): string =>
  `${verb} element inet bench s { ${values.map(formatIpv4).join(', ')} }\n`;

/** What a set of pods brings: a chain, and the element that leads to it. */
function measureChains(kernel: Kernel, netns: Netns): Measure {
  const [ours, baseline]: [number[], number[]] = [[], []];
  for (let round = 0; round < CHAIN_ROUNDS; round++) {
    const [own, other] = [`own${round}`, `other${round}`];
    const [value, address] = addresses('10.3.0.0', 2 * CHAIN_ROUNDS).slice(2 * round);
    if (value === undefined || address === undefined) break;
    const key = [{ type: 'ipv4', value }] as const;
    byTurns(
      round,
      () =>
        ours.push(
          timed(() =>
            kernel.elements(netns, [
              { op: 'add-chain', table: 'bench', chain: own },
              { op: 'add', table: 'bench', set: 'm', key, verdict: { jump: own } },
            ]),
          ),
        ),
      () => {
        const element = `add element inet bench m { ${formatIpv4(address)} : jump ${other} }`;
        baseline.push(timed(() => nftText(netns, `add chain inet bench ${other}\n${element}\n`)));
      },
    );
  }
  return { name: 'a chain and its element', unit: 'ms', against: 'nft -f -', ours, baseline };
}

export const setElements: Bench = {
  name: 'set-elements',
  summary: 'elements of an nftables set, 1, 100 and 10,000 at a time, against nft -f -',
  async run(progress) {
    const kernel = openKernel();
    const netns = kernel.createNetns(NETNS);
    try {
      kernel.nft(netns, 'table inet bench {\n set s { type ipv4_addr; }\n map m { type ipv4_addr : verdict; }\n}');
      kernel.elements(
        netns,
        addresses('10.0.0.0', PRESENT).map((value) => change('add', value)),
      );
      const measures: Measure[] = [];
      for (const { size, rounds } of sizes) {
        progress(`${rounds} rounds of ${size}`);
        const [add, remove] = [
          { ours: [] as number[], baseline: [] as number[] },
          { ours: [] as number[], baseline: [] as number[] },
        ];
        const [own, other] = [addresses('10.1.0.0', size), addresses('10.2.0.0', size)];
        for (let round = 0; round < rounds; round++) {
          byTurns(
            round,
            () => {
              add.ours.push(
                timed(() =>
                  kernel.elements(
                    netns,
                    own.map((value) => change('add', value)),
                  ),
                ),
              );
              remove.ours.push(
                timed(() =>
                  kernel.elements(
                    netns,
                    own.map((value) => change('remove', value)),
                  ),
                ),
              );
            },
            () => {
              add.baseline.push(timed(() => nftText(netns, elementText('add', other))));
              remove.baseline.push(timed(() => nftText(netns, elementText('delete', other))));
            },
          );
        }
        const against = 'nft -f -';
        measures.push(
          { name: `add ${size}`, unit: 'ms', against, ...add },
          { name: `remove ${size}`, unit: 'ms', against, ...remove },
        );
      }
      progress(`${CHAIN_ROUNDS} chains, each with an element of a verdict map that jumps to it`);
      return [...measures, measureChains(kernel, netns)];
    } finally {
      netns.close();
      kernel.deleteNetns(NETNS);
    }
  },
};
