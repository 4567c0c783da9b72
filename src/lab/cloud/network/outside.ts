/** EC2's endpoint as instances see it: at an address outside the VPC, inside each fabric's namespace. */
import { describeError } from '../../../core/errors/coded-error.ts';
import { ipv4 } from '../../../core/address/ipv4.ts';
import type { Kernel } from '../../../linux/port.ts';
import { lab } from '../../names.ts';
import type { HttpServer } from '../engine/http-server.ts';
import type { Log } from '../log.ts';

export interface Outside {
  /** The fabric's namespace is there and has the address. */
  open(vpc: string, netns: string): void;
  close(vpc: string): void;
}

/** Serves the calls that arrive at a listening socket. */
export type ServeAt = (where: { readonly fd: number }) => Promise<HttpServer>;

export interface OutsideOptions {
  readonly kernel: Pick<Kernel, 'createNetns' | 'listenTcp'>;
  readonly serve: ServeAt;
  readonly log: Log;
}

export function createOutside({ kernel, serve, log }: OutsideOptions): Outside {
  const servers = new Map<string, Promise<HttpServer>>();
  return {
    open(vpc, netns) {
      const { address, port } = lab.ec2Outside;
      // The socket listens from here on, so whoever connects before the server takes it waits in its queue.
      const fd = kernel.listenTcp(kernel.createNetns(netns), { address: ipv4(address), port });
      const server = serve({ fd });
      servers.set(vpc, server);
      server.catch((error: unknown) => log.error({ vpc, error: describeError(error) }, 'cannot serve inside the VPC'));
    },
    close(vpc) {
      const server = servers.get(vpc);
      servers.delete(vpc);
      server?.then((each) => each.close()).catch(() => undefined);
    },
  };
}
