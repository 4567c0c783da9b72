/**
 * Which connections EC2 does not track at an interface ("Security group connection tracking" in its user guide): TCP
 * and UDP that a rule admits from or to everywhere, where the other direction has a rule for all ports to everywhere.
 * Their packets meet the rules one by one, and so end with a rule; those of tracked connections pass. Pure.
 *
 * The mark is set when a connection begins and stays what it was then, as tracking does. Where this differs from EC2:
 * replies are judged by the port that they go to, connections to programs inside the fabric are always tracked, and
 * what a conntrack entry of the kernel's forgets after its own time-outs EC2 may remember longer, or shorter.
 */
import { formatPrefix } from '../../../core/address/prefix.ts';
import type { Match, NormalRule, Peer } from '../../../core/vpc/rule.ts';
import type { Version } from '../names.ts';
import { UNTRACKED } from './base-table.ts';
import { familyText, portsText } from './rule-text.ts';

type Direction = NormalRule['direction'];
const opposite = { egress: 'ingress', ingress: 'egress' } as const;
const protocols = [6, 17] as const;

/** For the chain of an interface's groups, before their own. */
export function untrackedTexts(direction: Direction, rules: readonly NormalRule[]): readonly string[] {
  const open = rules.filter((rule) => rule.direction === direction);
  const back = rules.filter((rule) => rule.direction === opposite[direction]);
  const texts = ([4, 6] as const).flatMap((version) =>
    protocols.flatMap((protocol) => {
      if (!back.some(({ peer, match }) => isEverywhere(peer, version) && isAllOf(match, protocol))) return [];
      return open
        .filter(({ peer }) => isEverywhere(peer, version))
        .map(({ match }) => trafficText(match, protocol))
        .filter((text) => text !== undefined)
        .map((text) => `ct state new ${familyText(version)} ${text} ct mark set ct mark | ${UNTRACKED[direction]}`);
    }),
  );
  return [...new Set(texts)];
}

const isEverywhere = (peer: Peer, version: Version): boolean =>
  (peer.kind === 'cidr4' || peer.kind === 'cidr6') &&
  formatPrefix(peer.prefix) === (version === 4 ? '0.0.0.0/0' : '::/0');

const isAllOf = (match: Match, protocol: number): boolean =>
  match.kind === 'any' ||
  (match.kind === 'protocol' && match.protocol === protocol) ||
  (match.kind === 'ports' && match.protocol === protocol && match.from === 0 && match.to === 65_535);

function trafficText(match: Match, protocol: number): string | undefined {
  if (isAllOf(match, protocol)) return `meta l4proto ${protocol}`;
  if (match.kind !== 'ports' || match.protocol !== protocol) return undefined;
  return portsText(protocol, match.from, match.to);
}
