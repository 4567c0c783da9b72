/** What each way of making a VLAN device is asked, and does. */
import type { Mac } from '../../core/address/mac.ts';
import { KernelError } from '../errors.ts';
import type { NetlinkSocket } from '../netlink/socket.ts';

export interface VlanSpec {
  readonly name: string;
  /** The link that carries the tagged packets, in the same namespace. */
  readonly trunk: string;
  /** 1 to 4094. */
  readonly id: number;
  /** Default: the trunk's. */
  readonly mac?: Mac | undefined;
  /** Default: the trunk's. */
  readonly mtu?: number | undefined;
  readonly up?: boolean | undefined;
}

/** Each is told the index of the trunk, and throws EEXIST where the name or the VLAN id is taken. */
export interface VlanMaker {
  add(socket: NetlinkSocket, spec: VlanSpec & { readonly trunkIndex: number }): void;
  /** Before the device itself, the link `index`, is deleted. */
  release(
    socket: NetlinkSocket,
    which: { readonly id: number; readonly trunkIndex: number; readonly index: number },
  ): void;
}

export const refusal = (
  { errno: number, text }: { readonly errno: number; readonly text: string },
  { name, trunk, id }: Pick<VlanSpec, 'name' | 'trunk' | 'id'>,
  operation = 'add-vlan',
): KernelError => new KernelError({ errno: number, operation, object: `${name} with id ${id} on ${trunk}`, text });
