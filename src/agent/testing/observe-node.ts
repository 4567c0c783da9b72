/**
 * What is on a node of the pods, as the kernel and the journal have it, each as sorted lines `sandbox address`: they
 * must be the same, and the same as what the runtime was told. `nft` is the witness of the judgement's elements.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { formatIp } from '../../core/address/ip.ts';
import { formatPrefix4 } from '../../core/address/prefix.ts';
import { nft, routing } from '../../core/names.ts';
import { type JournalState, replay } from '../journal/journal.ts';
import { decodeLines } from '../journal/journal-lines.ts';
import { isHostLinkName } from '../wire/names.ts';
import type { ScratchNode } from './scratch-node.ts';

export interface Observed {
  /** Of the pods' links in the node's namespace. */
  readonly links: readonly string[];
  /** Of the routes to pods. */
  readonly routes: readonly string[];
  /** By set or map, the elements that are about a pod, as `link address` or `address`. */
  readonly elements: Readonly<Record<string, readonly string[]>>;
  readonly journal: readonly {
    readonly sandbox: string;
    readonly address: string;
    readonly link: string;
    readonly state: string;
  }[];
}

export const readJournal = (stateDir: string): JournalState =>
  replay(decodeLines(readFileSync(join(stateDir, 'journal'), 'utf8')).entries);

export function observeNode(node: ScratchNode): Observed {
  const { kernel, netns, stateDir } = node;
  return {
    links: kernel
      .links(netns)
      .map(({ name }) => name)
      .filter(isHostLinkName)
      .sort(),
    routes: kernel
      .routes(netns, routing.podTable)
      .map(({ destination }) => formatPrefix4(destination).replace('/32', ''))
      .sort(),
    elements: listElements(node.podNetns('node')),
    journal: [...readJournal(stateDir).holdings.values()]
      .map(({ attachment, state }) => ({
        sandbox: attachment.containerId,
        address: formatIp(attachment.address),
        link: attachment.hostLink,
        state,
      }))
      .sort((a, b) => (a.sandbox < b.sandbox ? -1 : 1)),
  };
}

/** What is neither an address nor several parts is no pod's, a prefix for instance, and stays as it is. */
type Key = string | { readonly concat?: readonly Key[] };
interface Listed {
  readonly set?: { readonly name: string; readonly elem?: readonly Key[] };
  readonly map?: { readonly name: string; readonly elem?: readonly (readonly [Key, object])[] };
}

function listElements(netns: string): Readonly<Record<string, readonly string[]>> {
  const args = ['netns', 'exec', netns, 'nft', '-j', 'list', 'table', nft.family, nft.table];
  const { status, stdout, stderr } = spawnSync('ip', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(stderr);
  const { nftables } = JSON.parse(stdout) as { readonly nftables: readonly Listed[] };
  const text = (key: Key): string =>
    typeof key === 'string' ? key : (key.concat?.map(text).join(' ') ?? JSON.stringify(key));
  return Object.fromEntries(
    nftables.flatMap(({ set, map }) => {
      if (set !== undefined) return [[set.name, (set.elem ?? []).map(text).sort()]];
      if (map !== undefined) return [[map.name, (map.elem ?? []).map(([key]) => text(key)).sort()]];
      return [];
    }),
  );
}
