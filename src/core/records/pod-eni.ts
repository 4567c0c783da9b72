/**
 * The annotation `vpc.amazonaws.com/pod-eni`: the branch interface that EKS's own controller has given a pod. Whoever may
 * write pods could have written it, so all of it is a claim that counts only where EC2 shows the same.
 */
import { parseIpv4 } from '../address/ipv4.ts';
import { type Mac, parseMac } from '../address/mac.ts';
import { CodedError } from '../errors/coded-error.ts';

export interface PodEni {
  /** `eni-…` */
  readonly id: string;
  readonly mac: Mac;
  /** IPv4. */
  readonly address: string;
  /** 1 to 4094. */
  readonly vlan: number;
  /** `trunk-assoc-…`; absent where it says none. */
  readonly association?: string;
}

/**
 * The first of the interfaces that the annotation lists: upstream makes more where a pod requests more, and uses none of
 * them. What subnet the interface is in EC2 says better. @returns pod-eni-malformed otherwise.
 */
export function parsePodEni(text: string): PodEni | CodedError {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return malformed('it is not JSON');
  }
  const entry: unknown = Array.isArray(list) ? list[0] : undefined;
  if (typeof entry !== 'object' || entry === null) return malformed('it is not a list of objects');
  // Upstream's agent reads keys without regard to case; EKS's controller writes them so.
  const { eniId, ifAddress, privateIp, vlanId, associationID = '' } = entry as Readonly<Record<string, unknown>>;
  if (typeof eniId !== 'string' || !/^eni-[0-9a-f]{8,17}$/.test(eniId)) return wrong('eniId', eniId);
  const mac = parseMac(typeof ifAddress === 'string' ? ifAddress : '');
  if (!mac.ok) return wrong('ifAddress', ifAddress);
  if (privateIp === '') return malformed('privateIp is empty, and IPv6 alone is not served in this mode');
  if (typeof privateIp !== 'string' || !parseIpv4(privateIp).ok) return wrong('privateIp', privateIp);
  if (typeof vlanId !== 'number' || !Number.isInteger(vlanId) || vlanId < 1 || vlanId > 4094) {
    return wrong('vlanId', vlanId);
  }
  const isNone = associationID === '';
  if (!isNone && !(typeof associationID === 'string' && /^trunk-assoc-[0-9a-f]{8,17}$/.test(associationID))) {
    return wrong('associationID', associationID);
  }
  return {
    id: eniId,
    mac: mac.value,
    address: privateIp,
    vlan: vlanId,
    ...(isNone ? {} : { association: associationID }),
  };
}

const malformed = (detail: string): CodedError => new CodedError('pod-eni-malformed', { detail });

/** A value of its own making may be of any length. */
const wrong = (key: string, value: unknown): CodedError =>
  malformed(`${key} is ${(JSON.stringify(value) ?? 'missing').slice(0, 60)}`);
