/** The way between an interface and an address outside the VPC, by the route table of the interface's subnet. */
import { type Ip, formatIp, isIpv4 } from '../address/ip.ts';
import { containsAddress, prefix } from '../address/prefix.ts';
import type { NetworkInterface, RouteTarget, Vpc } from './model.ts';

export type Direction = 'out' | 'in';

export type Way =
  | {
      readonly open: true;
      /** `notKnown`: the subnet's routes are not known, and groups alone decide. */
      readonly by: 'notKnown' | Exclude<RouteTarget['kind'], 'local' | 'blackhole'>;
      readonly id?: string;
    }
  | { readonly open: false; readonly reason: NoWay; readonly id?: string };

export type NoWay =
  | 'noRoute'
  | 'blackhole'
  /** An internet gateway translates public addresses one to one, and this address has none. */
  | 'noPublicAddress'
  /** NAT gateways and egress-only gateways let connections out, never in. */
  | 'outwardsOnly';

/** Unique local addresses are private: no gateway to the internet takes them. */
const uniqueLocal = prefix('fc00::/7');

export interface WayInput {
  readonly interface: NetworkInterface;
  /** The interface's own. */
  readonly address: Ip;
  readonly outside: Ip;
  readonly direction: Direction;
  readonly vpc: Vpc;
}

export function wayOutside(input: WayInput): Way {
  const subnet = input.vpc.subnets.find(({ id }) => id === input.interface.subnet);
  if (subnet?.routes === undefined) return { open: true, by: 'notKnown' };
  const [best] = subnet.routes
    .filter(({ destination }) => containsAddress(destination, input.outside))
    .sort((a, b) => b.destination.length - a.destination.length);
  // A local route to an address that is in no range of the VPC leads to nobody.
  if (best === undefined || best.target.kind === 'local') return { open: false, reason: 'noRoute' };
  return through(best.target, input);
}

function through(target: Exclude<RouteTarget, { kind: 'local' }>, { direction, ...input }: WayInput): Way {
  switch (target.kind) {
    case 'blackhole':
      return { open: false, reason: 'blackhole' };
    case 'private':
      return { open: true, by: target.kind, id: target.id };
    case 'natGateway':
    case 'egressOnlyGateway':
      return direction === 'out'
        ? { open: true, by: target.kind, id: target.id }
        : { open: false, reason: 'outwardsOnly', id: target.id };
    case 'internetGateway':
      return isPublic(input)
        ? { open: true, by: target.kind, id: target.id }
        : { open: false, reason: 'noPublicAddress', id: target.id };
  }
}

function isPublic({ interface: owner, address }: Omit<WayInput, 'direction'>): boolean {
  if (isIpv4(address)) return owner.publicAddresses?.[formatIp(address)] !== undefined;
  return !containsAddress(uniqueLocal, address);
}
