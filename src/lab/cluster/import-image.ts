/** Puts an image into a node's containerd: nothing can be pulled in a lab. */
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

import type { LabNode } from './node/start-node.ts';

/** Through its standard input: the node does not see the machine's files. */
export async function importImage(
  node: LabNode,
  image: { readonly name: string; readonly tar: string },
): Promise<void> {
  const [program, ...args] = [...node.enter, 'ctr', '--namespace', 'k8s.io', 'images', 'import', '-'];
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  // A program that ends early breaks the pipe; its own words say more than that.
  await pipeline(createReadStream(image.tar), child.stdin).catch(() => undefined);
  const code = await ended;
  if (code !== 0) throw new Error(`${image.name} could not be imported on ${node.instance.name}: ${said.trim()}`);
}
