/** Puts an image into a node's containerd: nothing can be pulled in a lab. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

import type { LabNode } from './node/start-node.ts';

/** As its standard input: the node does not see the machine's files, and the tar need not pass through us. */
export async function importImage(
  node: LabNode,
  image: { readonly name: string; readonly tar: string },
): Promise<void> {
  const [program, ...args] = [...node.enter, 'ctr', '--namespace', 'k8s.io', 'images', 'import', '-'];
  const tar = openSync(image.tar, 'r');
  const child = spawn(program, args, { stdio: [tar, 'ignore', 'pipe'] });
  closeSync(tar);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`${image.name} could not be imported on ${node.instance.name}: ${said.trim()}`);
}
