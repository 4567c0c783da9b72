/** `.lab/env` in the clone: shell exports for whoever wants into the running lab; the only thing it leaves there. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { lab } from './names.ts';

export interface EnvFileOptions {
  /** The clone. */
  readonly root: string;
  readonly endpoint: string;
  readonly kubeconfig: string;
  /** Folder that holds kubectl. */
  readonly binDir: string;
}

export function renderEnvFile({ endpoint, kubeconfig, binDir }: EnvFileOptions): string {
  return `# The running lab; use it with: . .lab/env
export KUBECONFIG='${kubeconfig}'
export AWS_ENDPOINT_URL='${endpoint}'
export AWS_REGION='${lab.region}' AWS_DEFAULT_REGION='${lab.region}'
export AWS_ACCESS_KEY_ID='${lab.accessKeyId}' AWS_SECRET_ACCESS_KEY='${lab.secretAccessKey}'
export AWS_PAGER=''
export PATH='${binDir}':"$PATH"
# Older aws CLIs, Debian's among them, do not read AWS_ENDPOINT_URL.
aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }
`;
}

/** @returns the file's path. */
export function writeEnvFile(options: EnvFileOptions): string {
  const folder = join(options.root, '.lab');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'env');
  writeFileSync(path, renderEnvFile(options));
  return path;
}

export const removeEnvFile = (root: string): void => rmSync(join(root, '.lab'), { recursive: true, force: true });
