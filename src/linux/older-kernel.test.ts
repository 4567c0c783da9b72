/**
 * The same contracts on Linux 6.1 with 802.1Q, which many a node runs and many a development machine lacks. That kernel
 * is built without nftables for IP, so the tests of rule texts and elements stay away.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { hasUserModeLinux, runInUserModeLinux } from './testing/user-mode-linux.ts';

const root = join(import.meta.dirname, '../..');
const files = ['src/linux/vlan/vlan.test.ts', 'src/linux/kernel.test.ts'];
const titles = [
  'VLAN',
  'the kernel port makes',
  'the kernel port: Linux (namespaces|links|addresses|a sysctl)',
  'within a namespace',
  'a watcher',
];
const modules = ['8021q', 'veth', 'sch_ingress', 'cls_bpf', 'nf_conntrack_netlink', 'ipv6'];

if (hasUserModeLinux()) {
  describe('on an older kernel with 802.1Q', () => {
    it(
      'links, routes, watching and VLAN devices of both kinds keep their contracts',
      { timeout: 300_000 },
      async () => {
        const command = [
          process.execPath,
          'node_modules/vitest/vitest.mjs run --project=unit --configLoader=native --reporter=verbose',
          `-t '${titles.join('|')}'`,
          ...files,
        ].join(' ');
        const { status, output } = await runInUserModeLinux({ command, folder: root, modules, timeoutMs: 280_000 });
        expect(output).toMatch(/Tests +\d+ passed/);
        expect(output).toMatch(/✓.*a VLAN device: of 802.1Q > carries packets/);
        expect(output).toMatch(/✓.*a VLAN device: of a veth and BPF > carries packets/);
        expect(status, output).toBe(0);
      },
    );
  });
} else it.skip('the contracts on an older kernel with 802.1Q (Debian’s package user-mode-linux is not installed)');
