/** One parsed CNI request, carried out: what to answer, and for the log what was decided. */
import { formatIp, isIpv4 } from '../../core/address/ip.ts';
import { CodedError } from '../../core/errors/coded-error.ts';
import { links } from '../../core/names.ts';
import type { NetworkConfig } from '../../cni/network-config.ts';
import type { CniRequest } from '../../cni/protocol.ts';
import { type CniAttachment, cniResult } from '../../cni/result.ts';
import type { Attacher } from '../attach/attacher.ts';
import type { Journal } from '../journal/journal-file.ts';
import type { Attachment } from '../journal/journal.ts';

export interface DispatchOptions {
  readonly attacher: Attacher;
  readonly journal: Journal;
  /** undefined when the agent serves, else why it does not. */
  readonly notReady: () => CodedError | undefined;
}

export interface Output {
  readonly answer: object;
  readonly decision: object;
}

export interface Order {
  readonly request: CniRequest;
  readonly config: NetworkConfig;
  /** Aborted when the plugin has gone away. */
  readonly signal: AbortSignal;
}

/** undefined where CNI wants no output. */
export async function dispatch(
  { attacher, journal, notReady }: DispatchOptions,
  { request, config, signal }: Order,
): Promise<Output | undefined> {
  switch (request.command) {
    case 'ADD': {
      const attachment = await attacher.add(request, signal);
      return { answer: cniResult(config.cniVersion, cniAttachment(attachment)), decision: decisionOf(attachment) };
    }
    case 'DEL':
      await attacher.remove(request);
      return undefined;
    case 'CHECK':
      attacher.check(request);
      return undefined;
    case 'GC': {
      const valid = config.validAttachments;
      if (valid === undefined) return undefined;
      // Not those that come meanwhile.
      const holdings = [...journal.state.holdings.values()];
      for (const { attachment } of holdings) {
        const { containerId, ifname } = attachment;
        if (!valid.some((one) => one.containerID === containerId && one.ifname === ifname))
          await attacher.remove(attachment);
      }
      return undefined;
    }
    case 'STATUS': {
      const reason = notReady();
      if (reason !== undefined) throw reason;
      return undefined;
    }
    case 'VERSION':
      throw new CodedError('cni-request-invalid', { detail: 'VERSION is the plugin’s own to answer' });
  }
}

const cniAttachment = ({ hostLink, hostMac, ifname, podMac, netns, mtu, address }: Attachment): CniAttachment => ({
  hostLink: { name: hostLink, mac: hostMac },
  podLink: { name: ifname, mac: podMac, netns, mtu },
  address: formatIp(address),
  gateway: isIpv4(address) ? links.gateway4 : links.gateway6,
});

const decisionOf = ({ address, hostLink, interfaceId, set }: Attachment): object => ({
  address: formatIp(address),
  link: hostLink,
  interface: interfaceId,
  groups: set?.groups ?? 'of the node',
});
