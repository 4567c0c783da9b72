/**
 * Proof that this node can serve pods: a namespace of our own is wired as a pod's would be, the node opens a connection
 * to it, as a kubelet's probe does, and everything is taken away again. Until it has held once the agent is not ready.
 */
import { isIpv4, ip } from '../../core/address/ip.ts';
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import type { NodeNetworkSpec } from '../../core/records/node-network.ts';
import type { Kernel, Netns } from '../../linux/port.ts';
import type { Journal } from '../journal/journal-file.ts';
import { type Attachment, sandboxKey } from '../journal/journal.ts';
import type { Wiring } from '../attach/wiring.ts';
import { hostLinkName, vethMac } from '../wire/names.ts';
import { reach } from './reach.ts';

export interface SelfTestOptions {
  readonly kernel: Kernel;
  readonly wiring: Wiring;
  readonly journal: Journal;
  /** The record that is in force. */
  readonly spec: NodeNetworkSpec;
}

/** Of the link's own scope, and none that a VPC or a service on the node answers on. */
const addresses = { ipv4: ip('169.254.77.2'), ipv6: ip('fd62:726c::2') } as const;
const sandbox = { containerId: 'self-test', ifname: 'eth0' } as const;

/** Rejects with self-test-failed. */
export async function selfTest({ kernel, wiring, journal, spec }: SelfTestOptions): Promise<void> {
  let netns: Netns | undefined;
  try {
    // Left by a predecessor that did not live to its end.
    undo(wiring, journal);
    netns = kernel.unnamedNetns();
    const attachment = attachmentTo(netns, spec);
    wiring.wire(attachment);
    await reach(kernel, { netns, address: attachment.address });
  } catch (error) {
    throw new CodedError('self-test-failed', { detail: describeError(error), cause: error });
  } finally {
    undo(wiring, journal);
    netns?.close();
  }
}

function undo(wiring: Wiring, journal: Journal): void {
  const holding = journal.state.holdings.get(sandboxKey(sandbox));
  if (holding !== undefined) wiring.undo(holding.attachment);
}

function attachmentTo({ path }: Netns, spec: NodeNetworkSpec): Attachment {
  const first = spec.interfaces.find(({ mac }) => mac === spec.instance.primaryMac);
  if (first === undefined) throw new Error('the record names no first interface');
  const nodeAddress = ip(first.primaryAddress);
  return {
    ...sandbox,
    pod: { namespace: '', name: sandbox.containerId, uid: '' },
    netns: path,
    address: isIpv4(nodeAddress) ? addresses.ipv4 : addresses.ipv6,
    nodeAddress,
    interfaceId: first.id,
    hostLink: hostLinkName(sandbox.containerId, sandbox.ifname),
    hostMac: vethMac('host', sandbox.containerId, sandbox.ifname),
    podMac: vethMac('pod', sandbox.containerId, sandbox.ifname),
    mtu: 1500,
    probePorts: [],
  };
}
