/**
 * What the VPC's own DNS knows: the private names of interfaces' addresses, both ways. It forwards nothing: whatever is
 * not the VPC's is refused, so that resolvers ask the next server at once. Pure.
 */
import { type Ipv4, ipv4Bytes, parseIpv4 } from '../../../core/address/ipv4.ts';
import { domainOf, privateDnsName } from '../state/interfaces/answer-interface.ts';
import type { View } from '../state/draft.ts';
import { type Answer, nameBytes, type Question, recordType, responseCode } from './message.ts';

const TTL_SECONDS = 60;

export interface Names {
  readonly view: View;
  readonly vpc: string;
  readonly region: string;
}

export function answerQuestion(question: Question, names: Names): Answer {
  if (names.view.get('vpcs', names.vpc)?.dnsSupport === false) return { code: responseCode.refused, records: [] };
  if (question.name.endsWith('.in-addr.arpa')) return answerReverse(question, names);
  const domain = `.${domainOf(names.region)}`;
  if (!question.name.endsWith(domain)) return { code: responseCode.refused, records: [] };
  const [, text] = /^ip-((?:\d+-){3}\d+)$/.exec(question.name.slice(0, -domain.length)) ?? [];
  const parsed = parseIpv4(text?.replaceAll('-', '.') ?? '');
  if (!parsed.ok || !isOfVpc(parsed.value, names)) return { code: responseCode.noSuchName, records: [] };
  return answerWith(question, recordType.a, ipv4Bytes(parsed.value));
}

function answerReverse(question: Question, names: Names): Answer {
  const text = question.name.slice(0, -'.in-addr.arpa'.length).split('.').toReversed().join('.');
  const parsed = parseIpv4(text);
  if (!parsed.ok || !isOfVpc(parsed.value, names)) return { code: responseCode.noSuchName, records: [] };
  return answerWith(question, recordType.ptr, nameBytes(privateDnsName(parsed.value, names.region)));
}

/** A name that has no record of the type that is asked for is there all the same. */
const answerWith = ({ type: asked }: Question, type: number, data: Uint8Array): Answer => ({
  code: responseCode.ok,
  records: asked === type || asked === recordType.any ? [{ type, ttlSeconds: TTL_SECONDS, data }] : [],
});

function isOfVpc(address: Ipv4, { view, vpc }: Names): boolean {
  for (const each of view.all('interfaces')) if (each.vpc === vpc && each.addresses.includes(address)) return true;
  return false;
}
