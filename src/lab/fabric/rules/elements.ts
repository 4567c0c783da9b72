/** Elements of the fabric's sets and maps: what changes when an interface or an address comes or goes. */
import { formatIpv4 } from '../../../core/address/ipv4.ts';
import type { ElementChange, KeyPart, Verdict } from '../../../linux/port.ts';
import { fabricLink, memberSet, TABLE, unionChain } from '../names.ts';
import { ownAddresses, router } from '../network/plan-network.ts';
import type { FabricInterface, FabricWorld } from '../port.ts';

export interface Element {
  readonly set: string;
  readonly key: readonly KeyPart[];
  /** Of the two maps from links to chains. */
  readonly verdict?: Verdict;
}

export function interfaceElements(one: FabricInterface): readonly Element[] {
  const link = { type: 'ifname', value: fabricLink(one.id) } as const;
  const mac = { type: 'mac', value: one.mac } as const;
  const own = ownAddresses(one).map((value) => ({ type: 'ipv4', value }) as const);
  return [
    { set: 'egress', key: [link], verdict: { goto: unionChain('egress', one.groups) } },
    { set: 'ingress', key: [link], verdict: { jump: unionChain('ingress', one.groups) } },
    ...(one.sourceDestCheck
      ? own.map((address) => ({ set: 'bearers', key: [link, mac, address] }))
      : [{ set: 'unchecked', key: [link, mac] }]),
    ...[...new Set(one.groups)].flatMap((group) => own.map((address) => ({ set: memberSet(group), key: [address] }))),
  ];
}

export const localElements = (world: FabricWorld): readonly Element[] => [
  ...world.subnets.map((subnet) => ({ set: 'routers', key: [{ type: 'ipv4', value: router(subnet) }] }) as const),
  ...world.outside.map((value) => ({ set: 'outside', key: [{ type: 'ipv4', value }] }) as const),
];

export const change = (op: 'add' | 'remove', { set, key, verdict }: Element): ElementChange =>
  op === 'remove'
    ? { op, table: TABLE, set, key }
    : { op, table: TABLE, set, key, ...(verdict === undefined ? {} : { verdict }) };

/** As nft writes it; two elements of one set with the same text are the same. */
export const elementText = ({ key, verdict }: Element): string =>
  key.map(partText).join(' . ') + (verdict === undefined ? '' : ` : ${verdictText(verdict)}`);

const partText = (part: KeyPart): string => {
  if (part.type === 'ipv4') return formatIpv4(part.value);
  return part.type === 'ifname' ? `"${part.value}"` : String(part.value);
};

function verdictText(verdict: Verdict): string {
  if (typeof verdict === 'string') return verdict;
  return 'jump' in verdict ? `jump ${verdict.jump}` : `goto ${verdict.goto}`;
}
