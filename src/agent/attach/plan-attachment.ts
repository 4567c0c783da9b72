/** What an ADD would make now, as a value, or why it must wait or fail: decision and address in one pure step. */
import { ip } from '../../core/address/ip.ts';
import { CodedError } from '../../core/errors/coded-error.ts';
import { setKey } from '../../core/groups/set-key.ts';
import type { CniTarget } from '../../cni/protocol.ts';
import { decide, type Knowledge, type Subject } from '../admit/decide.ts';
import type { Evaluation } from '../admit/wait-until.ts';
import type { Attachment, JournalState } from '../journal/journal.ts';
import { chooseAddress } from '../pool/choose-address.ts';
import { hostLinkName, vethMac } from '../wire/names.ts';

export type AddTarget = CniTarget & { readonly netns: string };

export interface AttachmentRequest {
  readonly target: AddTarget;
  readonly knowledge: Knowledge;
  readonly subject: Subject;
  readonly journal: JournalState;
  readonly nowMs: number;
  /** Told the pool that serves the pod, `node` or a set's key, as soon as it is known. */
  readonly onPool: (pool: string) => void;
}

export function planAttachment(request: AttachmentRequest): Evaluation<Attachment> {
  const { target, knowledge, journal, nowMs } = request;
  const decision = decide(knowledge, request.subject);
  if (decision.kind !== 'serve') return decision;
  const { pod, set, interfaces, first, settings } = decision;
  request.onPool(set?.key ?? 'node');
  const choice = chooseAddress({ interfaces, journal, nowMs });
  if (choice.kind === 'exhausted') {
    const names = interfaces.map(({ id }) => id).join(', ');
    const detail = `${names}: ${choice.inUse} in use, ${choice.cooling} cooling down`;
    return { kind: 'wait', cause: new CodedError('addresses-exhausted', { detail }) };
  }
  const { containerId, ifname, netns } = target;
  const { name, namespace = '' } = pod.metadata;
  const attachment: Attachment = {
    containerId,
    ifname,
    pod: { namespace, name, uid: pod.uid },
    netns,
    address: choice.address,
    nodeAddress: ip(first.primaryAddress),
    interfaceId: choice.interface.id,
    ...(set === undefined ? {} : { set: { key: setKey(set.groups), groups: set.groups } }),
    hostLink: hostLinkName(containerId, ifname),
    hostMac: vethMac('host', containerId, ifname),
    podMac: vethMac('pod', containerId, ifname),
    mtu: settings.podMtu,
    probePorts: pod.probePorts,
  };
  return { kind: 'ready', value: attachment };
}
