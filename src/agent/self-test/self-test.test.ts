import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { buildShim } from '../../../scripts/build-shim.ts';
import { describeAsRoot } from '../../linux/testing/as-root.ts';
import { aGroup, allow, aRecord } from '../testing/builders.ts';
import { observeNode } from '../testing/observe-node.ts';
import { type ScratchNode, scratchNode } from '../testing/scratch-node.ts';

const NODE = 'sg-0000000000000000a';

describeAsRoot('the self-test of a real node', () => {
  let node: ScratchNode;
  const nft = (text: string): void => {
    const args = ['netns', 'exec', node.podNetns('node'), 'nft', text];
    const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  beforeAll(async () => {
    node = await scratchNode({
      prefix: `brlt-proof-${process.pid}`,
      buildShim,
      world: { record: aRecord(), securityGroups: [aGroup(NODE, [allow('egress', '0.0.0.0/0')])], pods: [] },
    });
  });
  afterAll(() => node.destroy());

  it('keeps the node from being ready while packets do not pass, and leaves nothing behind', async () => {
    nft('add table inet foreign; add chain inet foreign output { type filter hook output priority 0; policy drop; }');
    const agent = node.launchAgent();
    const status = async (): Promise<string> => (await node.cni('STATUS', 'none')).stdout;
    await expect.poll(status, { timeout: 10_000 }).toContain('self-test-failed');
    nft('delete table inet foreign');
    await agent.ready();
    expect(await status()).toBe('');
    await expect.poll(() => observeNode(node)).toMatchObject({ links: [], routes: [], journal: [] });
  });
});
