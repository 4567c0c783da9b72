/**
 * The plugin and the agent as podman's CNI backend calls them, with containers that talk to each other. Podman's
 * containers are no pods: it gives the container's name as K8S_POD_NAME, no namespace and no UID. So a wrapper of one line
 * names the namespace, and a pod of that name stands in the agent's world.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { buildShim } from '../../scripts/build-shim.ts';
import { isMachineRoot } from '../linux/testing/is-machine-root.ts';
import { aGroup, allow, anInterface, aRecord, aSet } from './testing/builders.ts';
import { type ScratchNode, scratchNode } from './testing/scratch-node.ts';

const NODE = 'sg-0000000000000000a';
const WEB = 'sg-0000000000000000b';
const BUSYBOX = '/bin/busybox';
/** As `timeout` exits. */
const TIMED_OUT = 124;

const works = (program: string, ...args: readonly string[]): boolean => spawnSync(program, args).status === 0;
const missing = [
  // Its locks are one file for all, which a user namespace's root must not make.
  ...(isMachineRoot() ? [] : ['root of the machine']),
  ...(works('podman', '--version') ? [] : ['podman']),
  ...(works('runc', '--version') ? [] : ['runc']),
  ...(works(BUSYBOX, 'true') ? [] : ['busybox-static']),
];

const reason = missing.length > 0 ? ` (not here: ${missing.join(', ')})` : '';
describe.skipIf(missing.length > 0)(`podman with its CNI backend${reason}`, () => {
  let node: ScratchNode;
  const podman = (...args: readonly string[]): { readonly status: number | null; readonly output: string } => {
    const at = (part: string): string => join(node.folder, 'podman', part);
    const global = ['--root', at('root'), '--runroot', at('run'), '--tmpdir', at('tmp'), '--storage-driver', 'vfs'];
    const env = { ...process.env, CONTAINERS_CONF: at('containers.conf') };
    const { status, stdout, stderr } = spawnSync('podman', [...global, ...args], { env, encoding: 'utf8' });
    return { status, output: `${stdout}${stderr}`.trim() };
  };
  /** A container with the machine's own programs; its address. */
  const run = (name: string, script: string): string => {
    const rootfs = join(node.folder, 'podman', `rootfs-${name}`);
    for (const folder of ['proc', 'sys', 'dev', 'run', 'etc', 'usr', 'www'])
      mkdirSync(join(rootfs, folder), { recursive: true });
    for (const folder of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${folder}`, join(rootfs, folder));
    writeFileSync(join(rootfs, 'www/index.html'), `this is ${name}`);
    const container = ['--name', name, '--volume', '/usr:/usr:ro', '--rootfs', rootfs];
    const { status, output } = podman('run', '--detach', ...container, BUSYBOX, 'sh', '-c', script);
    if (status !== 0) throw new Error(output);
    return podman('inspect', '--format', '{{.NetworkSettings.Networks.branchline.IPAddress}}', name).output;
  };
  /** The page of a server, or the exit code of `timeout`. */
  const get = (from: string, address: string, port: number): string | number | null => {
    const script = `exec 3<>/dev/tcp/${address}/${port} && echo GET / HTTP/1.0 >&3 && echo >&3 && tail -n 1 <&3`;
    const { status, output } = podman('exec', from, 'timeout', '2', 'bash', '-c', script);
    return status === 0 ? output : status;
  };
  const links = (): readonly string[] =>
    node.kernel
      .links(node.netns)
      .map(({ name }) => name)
      .filter((name) => name.startsWith('brl'));

  beforeAll(async () => {
    node = await scratchNode({
      prefix: `brlt-podman-${process.pid}`,
      buildShim,
      world: {
        record: aRecord({
          interfaces: [
            anInterface({ prefixes: ['10.0.2.0/28'], addresses: [] }),
            anInterface({
              id: 'eni-web',
              mac: '06:00:00:00:00:02',
              deviceIndex: 1,
              purpose: 'groups',
              groups: [WEB],
              primaryAddress: '10.0.1.5',
              addresses: ['10.0.1.20'],
            }),
          ],
          sets: [aSet([WEB], { interfaces: ['eni-web'], pods: ['uid-web'] })],
        }),
        securityGroups: [
          aGroup(NODE, [allow('ingress', NODE), allow('egress', '0.0.0.0/0')]),
          aGroup(WEB, [allow('ingress', NODE, { protocol: 'tcp', port: 8080 })]),
        ],
        pods: [{ name: 'client' }, { name: 'web', groups: WEB }, { name: 'other' }],
      },
    });
    const folder = join(node.folder, 'podman');
    const [wrapper, networks] = ['with-namespace', join(folder, 'net.d')];
    mkdirSync(networks, { recursive: true });
    writeFileSync(
      join(folder, wrapper),
      `#!/bin/sh\nCNI_ARGS="$CNI_ARGS;K8S_POD_NAMESPACE=default" exec ${node.patientPlugin}\n`,
      { mode: 0o755 },
    );
    // Podman speaks no newer version.
    const list = { cniVersion: '0.4.0', name: 'branchline', plugins: [{ type: basename(wrapper) }] };
    writeFileSync(join(networks, '10-branchline.conflist'), JSON.stringify(list));
    writeFileSync(
      join(folder, 'containers.conf'),
      `
      [containers]
      apparmor_profile = "unconfined"
      default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]
      [engine]
      cgroup_manager = "cgroupfs"
      events_logger = "file"
      runtime = "runc"
      [network]
      network_backend = "cni"
      cni_plugin_dirs = ["${folder}"]
      network_config_dir = "${networks}"
      default_network = "branchline"
      `,
    );
    await node.startAgent({ addDeadlineMs: 1000, log: true });
  }, 120_000);
  afterAll(async () => {
    if (node === undefined) return;
    podman('rm', '--all', '--force', '--time', '0');
    await node.destroy();
  });

  it('runs containers that reach each other as their groups say, and gives their addresses back', async () => {
    const server = (port: number): string => `busybox httpd -p ${port} -h /www`;
    const web = run('web', `${server(8080)}; ${server(8081)}; exec sleep 1000`);
    const other = run('other', `${server(8081)}; exec sleep 1000`);
    const client = run('client', 'exec sleep 1000');
    expect(web).toBe('10.0.1.20');
    for (const address of [other, client]) expect(address).toMatch(/^10\.0\.2\.\d+$/);

    expect(podman('exec', 'client', BUSYBOX, 'ip', '-o', 'addr', 'show', 'eth0').output).toContain(`${client}/32`);
    await expect.poll(() => get('client', other, 8081)).toBe('this is other');
    await expect.poll(() => get('client', web, 8080)).toBe('this is web');
    expect(get('client', web, 8081)).toBe(TIMED_OUT);

    expect(podman('rm', '--force', '--time', '0', 'web', 'other', 'client').status).toBe(0);
    await expect.poll(links).toEqual([]);
  });

  it('is told why a container cannot have a network', () => {
    expect(() => run('stranger', 'true')).toThrow('pod-unknown');
    expect(links()).toEqual([]);
  });
});
