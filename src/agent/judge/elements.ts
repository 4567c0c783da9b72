/** Elements of the judgement's sets and maps: what changes when a pod comes or goes, without a rule being written. */
import { formatIp } from '../../core/address/ip.ts';
import { nft } from '../../core/names.ts';
import type { ElementChange, KeyPart, Verdict } from '../../linux/port.ts';

export interface Element {
  readonly set: string;
  readonly key: readonly KeyPart[];
  /** Of verdict maps. */
  readonly verdict?: Verdict;
}

/** As nft writes it. */
export const elementText = ({ key, verdict }: Element): string =>
  key.map(partText).join(' . ') + (verdict === undefined ? '' : ` : ${verdictText(verdict)}`);

/** Two elements with one id are the same; the same key with another verdict is another element. */
export const elementId = (element: Element): string => `${element.set} ${elementText(element)}`;

export const change = (op: 'add' | 'remove', { set, key, verdict }: Element): ElementChange =>
  op === 'remove'
    ? { op, table: nft.table, set, key }
    : { op, table: nft.table, set, key, ...(verdict === undefined ? {} : { verdict }) };

function partText(part: KeyPart): string {
  switch (part.type) {
    case 'ipv4':
    case 'ipv6':
      return formatIp(part.value);
    case 'ifname':
      return `"${part.value}"`;
    case 'mac':
      return part.value;
    case 'protocol':
    case 'port':
      return String(part.value);
  }
}

function verdictText(verdict: Verdict): string {
  if (typeof verdict === 'string') return verdict;
  return 'jump' in verdict ? `jump ${verdict.jump}` : `goto ${verdict.goto}`;
}
