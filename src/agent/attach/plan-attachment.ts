/** What an ADD would make now, as a value, or why it must wait or fail: decision and address in one pure step. */
import { type Ip, ip } from '../../core/address/ip.ts';
import { CodedError } from '../../core/errors/coded-error.ts';
import { setKey } from '../../core/groups/set-key.ts';
import type { CniTarget } from '../../cni/protocol.ts';
import { decide, type Knowledge, type Place, type Subject } from '../admit/decide.ts';
import type { Evaluation } from '../admit/wait-until.ts';
import { type Attachment, type BranchWay, type JournalState, sandboxKey } from '../journal/journal.ts';
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
  const { pod, place, first, settings } = decision;
  const { set } = place;
  request.onPool(set?.key ?? 'node');
  const choice = place.kind === 'branch' ? ownAddress(place, journal) : sharedAddress(place, { journal, nowMs });
  if (choice instanceof CodedError) return { kind: 'wait', cause: choice };
  const { containerId, ifname, netns } = target;
  const { name, namespace = '' } = pod.metadata;
  const attachment: Attachment = {
    containerId,
    ifname,
    pod: { namespace, name, uid: pod.uid },
    netns,
    address: choice.address,
    nodeAddress: ip(first.primaryAddress),
    interfaceId: choice.interfaceId,
    ...(set === undefined ? {} : { set: { key: setKey(set.groups), groups: set.groups } }),
    ...(choice.branch !== undefined && { branch: choice.branch }),
    hostLink: hostLinkName(containerId, ifname),
    hostMac: vethMac('host', containerId, ifname),
    podMac: vethMac('pod', containerId, ifname),
    mtu: settings.podMtu,
    probePorts: pod.probePorts,
  };
  return { kind: 'ready', value: attachment };
}

interface Choice {
  readonly address: Ip;
  readonly interfaceId: string;
  readonly branch?: BranchWay;
}

/** The branch's, which is the pod's alone: a new sandbox of it gets the same once the old one is gone, uncooled. */
function ownAddress(
  { branch, way }: Extract<Place, { kind: 'branch' }>,
  { holders }: JournalState,
): Choice | CodedError {
  const address = ip(branch.address);
  const holder = holders.get(address);
  if (holder === undefined) return { address, interfaceId: branch.id, branch: way };
  const detail = `${branch.address} of ${branch.id} is still held by ${sandboxKey(holder.attachment)}`;
  return new CodedError('groups-not-ready', { detail });
}

function sharedAddress(
  { interfaces }: Extract<Place, { kind: 'shared' }>,
  { journal, nowMs }: Pick<AttachmentRequest, 'journal' | 'nowMs'>,
): Choice | CodedError {
  const choice = chooseAddress({ interfaces, journal, nowMs });
  if (choice.kind === 'chosen') return { address: choice.address, interfaceId: choice.interface.id };
  const names = interfaces.map(({ id }) => id).join(', ');
  const detail = `${names}: ${choice.inUse} in use, ${choice.cooling} cooling down`;
  return new CodedError('addresses-exhausted', { detail });
}
