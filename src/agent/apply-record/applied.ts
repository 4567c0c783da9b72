/**
 * What a record has put into the kernel, as far as the kernel tells of it when it changes, and which of these tidings
 * ask for a look. Pods come and go all the time, so an event of theirs must cost next to nothing.
 */
import type { Ip } from '../../core/address/ip.ts';
import { formatPrefix, type Prefix } from '../../core/address/prefix.ts';
import { links as podLinks, nft, routing } from '../../core/names.ts';
import type { Family, Link, NetChange, NetEvent, Route, RuleSpec, WatchInterest } from '../../linux/port.ts';
import type { JournalState } from '../journal/journal.ts';

export interface AppliedLink {
  readonly name: string;
  readonly mac: string;
  /** Absent for those that are not as we want them: the node's own is the machine's to set up, others were refused. */
  readonly mtu?: number;
}
export interface Applied {
  readonly family: Family;
  readonly rules: readonly RuleSpec<Family>[];
  readonly links: readonly AppliedLink[];
  /** MACs of the record's interfaces whose links have not come. */
  readonly awaited: ReadonlySet<string>;
  /** What the interfaces beyond the node's first were given. */
  readonly changes: readonly NetChange[];
}

/** Devices upon a link, such as VLANs, bear its MAC by default, and are younger. */
export const linksByMac = (links: readonly Link[]): ReadonlyMap<string | undefined, Link> =>
  new Map(links.toSorted((a, b) => b.index - a.index).map((link) => [link.mac, link]));

/** udev renames links, also after they were seen. */
export const isAsApplied = (link: Link | undefined, { name, mac, mtu }: AppliedLink): boolean =>
  link?.mac === mac && link.name === name && (mtu === undefined || (link.up && link.mtu === mtu));

export type Attention =
  /** Rules, links or the table may not be as they were applied. */
  | 'glance'
  /** Nor may routes and addresses. */
  | 'routes'
  /** Somebody has changed what is in the table, which only a comparison of all of it shows. */
  | 'content'
  /** All of that. */
  | 'anything'
  /** A link has come that the record waits for. */
  | 'arrival';

const priorities: ReadonlySet<number> = new Set([routing.podRule, routing.nodePortRule, routing.sourceRule]);

/** What the guard has use for: pods' links come and go with their pods, and nobody needs to be told. */
export const interest: WatchInterest = { table: nft.table, quietLinks: podLinks.hostVethPrefix };

/** undefined for what is none of ours, or as it should be. Our own changes may ask for a look, which finds nothing. */
export function attentionTo(
  event: NetEvent,
  { applied, holders }: { readonly applied: Applied; readonly holders: JournalState['holders'] },
): Attention | undefined {
  const isGone = event.subject !== 'lost' && event.change === 'gone';
  switch (event.subject) {
    case 'lost':
      return 'anything';
    case 'table':
      if (event.name !== nft.table) return undefined;
      return isGone ? 'glance' : event.change === 'altered' ? 'content' : undefined;
    case 'rule':
      return priorities.has(event.rule.priority) ? 'glance' : undefined;
    case 'route':
      return event.change !== 'set' && isOurs(event, { applied, holders }) ? 'routes' : undefined;
    case 'address':
      return isGone && applied.changes.some((one) => one.op === 'replace-address' && one.address === event.address)
        ? 'routes'
        : undefined;
    case 'link': {
      const { link } = event;
      if (!isGone && link.mac !== undefined && applied.awaited.has(link.mac)) return 'arrival';
      // Its routes went with it, without a word.
      if (!isGone && !link.up && isOfPod(link.name, holders)) return 'routes';
      const wanted = applied.links.find(({ name, mac }) => name === link.name || mac === link.mac);
      if (wanted === undefined || (!isGone && isAsApplied(link, wanted))) return undefined;
      // It may be up again by now, without the routes that went when it was not.
      return 'routes';
    }
  }
}

const isOfPod = (name: string, holders: JournalState['holders']): boolean =>
  name.startsWith(podLinks.hostVethPrefix) &&
  [...holders.values()].some(({ attachment }) => attachment.hostLink === name);

/** A pod's route goes by our hand only once nobody holds the address any more. */
const isOurs = (
  { destination, table }: { readonly destination: Prefix; readonly table: number },
  { applied, holders }: { readonly applied: Applied; readonly holders: JournalState['holders'] },
): boolean =>
  table === routing.podTable
    ? holders.has(destination.base)
    : applied.changes.some((one) => one.op === 'replace-route' && one.table === table);

/** Whether all that the interfaces were given is among what there is, as listed by table. */
export const hasRoutes = (
  { changes }: Applied,
  {
    routes,
    addresses,
  }: {
    readonly routes: (table: number) => readonly Route<Family>[];
    readonly addresses: readonly { readonly link: string; readonly address: Ip }[];
  },
): boolean =>
  changes.every((wanted) => {
    if (wanted.op === 'replace-address')
      return addresses.some(({ link, address }) => link === wanted.link && address === wanted.address);
    if (wanted.op !== 'replace-route') return true;
    return routes(wanted.table ?? routing.mainTable).some(
      ({ destination, link, gateway }) =>
        formatPrefix(destination) === formatPrefix(wanted.destination) &&
        link === wanted.link &&
        gateway === wanted.gateway,
    );
  });
