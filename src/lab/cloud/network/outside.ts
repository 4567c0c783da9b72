/** The cloud's services as instances see them: inside each fabric's namespace, and the host beyond it. */
import { describeError } from '../../../core/errors/coded-error.ts';
import { type Ipv4, ipv4 } from '../../../core/address/ipv4.ts';
import type { Kernel, Netns } from '../../../linux/port.ts';
import { serveCallers } from '../../fabric/outside-host/serve-callers.ts';
import { lab } from '../../names.ts';
import type { Log } from '../log.ts';

export interface Outside {
  /** The namespaces are there and have the addresses. */
  open(vpc: string, where: Where): void;
  close(vpc: string): void;
}

export interface Where {
  /** Names of namespaces: the one that plays the VPC, and the one that plays the internet. */
  readonly fabric: string;
  readonly internet: string;
  readonly dns: readonly Ipv4[];
}

interface Closable {
  close(): Promise<void>;
}

/** What serves at a listening socket within the VPC. */
export interface OutsideServices {
  readonly ec2: (where: { readonly fd: number }) => Promise<Closable>;
  readonly imds: (vpc: string, where: { readonly fd: number }) => Promise<Closable>;
  readonly dns: (vpc: string, where: { readonly udpFd: number; readonly tcpFd: number }) => Promise<Closable>;
}

/** The metadata service's address, and that of DNS, the same everywhere. */
export const IMDS_ADDRESS = '169.254.169.254';
export const DNS_ADDRESS = '169.254.169.253';
const DNS_PORT = 53;

export interface OutsideOptions {
  readonly kernel: Pick<Kernel, 'createNetns' | 'listenTcp' | 'bindUdp'>;
  readonly services: OutsideServices;
  readonly log: Log;
}

export function createOutside({ kernel, services, log }: OutsideOptions): Outside {
  const servers = new Map<string, readonly Promise<Closable>[]>();

  /** The sockets listen when it returns, so whoever connects before a server takes them waits in the queue. */
  const serveWithin = (vpc: string, fabric: Netns, dns: readonly Ipv4[]): readonly Promise<Closable>[] => {
    const tcp = (address: Ipv4, port: number) => kernel.listenTcp(fabric, { address, port });
    return [
      services.ec2({ fd: tcp(ipv4(lab.ec2Outside.address), lab.ec2Outside.port) }),
      services.imds(vpc, { fd: tcp(ipv4(IMDS_ADDRESS), 80) }),
      ...dns.map((address) => {
        const udpFd = kernel.bindUdp(fabric, { address, port: DNS_PORT });
        return services.dns(vpc, { udpFd, tcpFd: tcp(address, DNS_PORT) });
      }),
    ];
  };

  return {
    open(vpc, where) {
      const fabric = kernel.createNetns(where.fabric);
      const internet = kernel.createNetns(where.internet);
      const serving = [...serveWithin(vpc, fabric, where.dns), serveCallers({ kernel, netns: internet })];
      for (const netns of [fabric, internet]) netns.close();
      servers.set(vpc, serving);
      for (const server of serving) {
        server.catch((error: unknown) =>
          log.error({ vpc, error: describeError(error) }, 'cannot serve inside the VPC'),
        );
      }
    },
    close(vpc) {
      for (const server of servers.get(vpc) ?? []) server.then((each) => each.close()).catch(() => undefined);
      servers.delete(vpc);
    },
  };
}
