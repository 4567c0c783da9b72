/** Namespaces and links for benches of the packets' way. What plays the VPC forwards and judges nothing. */
import { spawnSync } from 'node:child_process';

const MTU = '9001';

interface Port {
  readonly deviceIndex: number;
  readonly mac: string;
  /** Of the interface itself. */
  readonly primaryAddress: string;
  /** Of its pods. */
  readonly addresses: readonly string[];
}

export interface VpcOfNamespaces {
  /** The namespace's full name. */
  netns(place: string): string;
  add(place: string): void;
  /** Runs a program in a place. */
  run(place: string, ...command: readonly string[]): void;
  /** `ip` for a place. */
  within(place: string, ...args: readonly string[]): void;
  /** A veth pair; the peer has the MAC. */
  connect(from: string, name: string, to: string, peer: string, mac: string): void;
  /** Plugs an interface into a node: `eth` and its index. */
  attach(node: string, port: Port): void;
  destroy(): void;
}

export function vpcOfNamespaces(prefix: string): VpcOfNamespaces {
  const made: string[] = [];
  const netns = (place: string): string => `${prefix}-${place}`;
  const call = (...command: readonly string[]): void => {
    const { status, stderr } = spawnSync(command[0] ?? '', command.slice(1), { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
  };
  const run = (place: string, ...command: readonly string[]): void =>
    call('ip', 'netns', 'exec', netns(place), ...command);
  const within = (place: string, ...args: readonly string[]): void => call('ip', '-n', netns(place), ...args);
  const add = (place: string): void => {
    call('ip', 'netns', 'add', netns(place));
    made.push(netns(place));
    within(place, 'link', 'set', 'lo', 'up');
  };
  const connect = (from: string, name: string, to: string, peer: string, mac: string): void => {
    const link = ['link', 'add', name, 'mtu', MTU, 'up', 'type', 'veth'];
    within(from, ...link, 'peer', 'name', peer, 'netns', netns(to), 'address', mac, 'mtu', MTU);
  };
  const destroy = (): void => {
    for (const name of made.splice(0)) call('ip', 'netns', 'del', name);
  };
  try {
    add('vpc');
    run('vpc', 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    within('vpc', 'addr', 'add', '10.0.0.1/32', 'dev', 'lo');
  } catch (error) {
    destroy();
    throw error;
  }
  return {
    netns,
    add,
    run,
    within,
    connect,
    attach(node, { deviceIndex, mac, primaryAddress, addresses }) {
      const port = `${node}${deviceIndex}`;
      connect('vpc', port, node, `eth${deviceIndex}`, mac);
      run('vpc', 'sysctl', '-qw', `net.ipv4.conf.${port}.proxy_arp=1`, `net.ipv4.neigh.${port}.proxy_delay=0`);
      within('vpc', 'route', 'add', `${primaryAddress}/32`, 'dev', port);
      for (const address of addresses)
        within('vpc', 'route', 'add', `${address}/32`, 'via', primaryAddress, 'dev', port, 'onlink');
      if (deviceIndex > 0) return;
      within(node, 'link', 'set', 'eth0', 'up');
      within(node, 'addr', 'add', `${primaryAddress}/20`, 'dev', 'eth0');
      within(node, 'route', 'add', 'default', 'via', '10.0.0.1', 'dev', 'eth0');
    },
    destroy,
  };
}
