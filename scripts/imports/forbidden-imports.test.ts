import { describe, expect, it } from 'vitest';

import { forbiddenImports, importsOf } from './forbidden-imports.ts';

const refusals = (path: string, text: string): readonly string[] => forbiddenImports({ path, text });

describe('forbidden imports', () => {
  it('are looked for in every way of importing', () => {
    const text = `import a, { type B } from 'a';
      import 'b';
      export * from './c.ts';
      import {
        d,
      } from '../d.ts';
      const e = await import('e');`;
    expect(importsOf({ path: 'src/room/x.ts', text })).toEqual(['a', 'b', 'src/room/c.ts', 'src/d.ts', 'e']);
  });

  it.each([
    ['koffi', 'src/linux/netlink/socket.ts', `import koffi from 'koffi';`],
    ['the lab', 'src/agent/main.ts', `import { startLab } from '../lab/lab.ts';`],
    ['doubles', 'src/agent/main.ts', `import { fakeKernel } from '../linux/testing/fake-kernel.ts';`],
    ['test runners', 'src/agent/main.ts', `import { it } from 'vitest';`],
    ['the inside of `linux`', 'src/agent/main.ts', `import { applyChanges } from '../linux/rtnl/apply.ts';`],
    ['forks', 'src/agent/main.ts', `import { spawn } from 'node:child_process';`],
    ['EC2’s client', 'src/controller/main.ts', `import { EC2Client } from '@aws-sdk/client-ec2';`],
    ['the heavy client of Kubernetes', 'src/lab/lab.ts', `import type { V1Pod } from '@kubernetes/client-node';`],
  ])('refuse %s, with the file, what it imports, and why', (_, path, text) => {
    const [refusal, ...others] = refusals(path, text);
    expect(refusal).toMatch(/^src\/\S+\.ts may not import \S+: .{30}/);
    expect(others).toEqual([]);
  });

  it.each([
    ['src/linux/ffi/koffi.ts', `import koffi from 'koffi';`],
    ['src/cli/commands/lab.ts', `import { startLab } from '../../lab/lab.ts';`],
    ['src/agent/agent.test.ts', `import { fakeKernel } from '../linux/testing/fake-kernel.ts';`],
    ['src/agent/main.ts', `import { openKernel } from '../linux/kernel.ts';`],
    ['src/aws/client.ts', `import { EC2Client } from '@aws-sdk/client-ec2';`],
  ])('let %s be', (path, text) => {
    expect(refusals(path, text)).toEqual([]);
  });
});
