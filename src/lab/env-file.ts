/** `.lab/env` in the clone: shell exports for whoever wants into the running lab; the only thing it leaves there. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { lab } from './names.ts';
import { announceFile } from './supervisor/registry.ts';

export interface EnvFileOptions {
  /** The clone. */
  readonly root: string;
  readonly runDir: string;
  readonly endpoint: string;
  /** Absent: there is no cluster. */
  readonly kubeconfig?: string;
  /** Folder that holds kubectl. */
  readonly binDir?: string;
}

/** As SDKs take it from the environment. */
export const sdkEnvironment = (endpoint: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: lab.region,
  AWS_ACCESS_KEY_ID: lab.accessKeyId,
  AWS_SECRET_ACCESS_KEY: lab.secretAccessKey,
});

export const envFilePath = (root: string): string => join(root, '.lab', 'env');

export function renderEnvFile({
  endpoint,
  kubeconfig,
  binDir,
}: Pick<EnvFileOptions, 'endpoint' | 'kubeconfig' | 'binDir'>): string {
  const ofCluster = kubeconfig === undefined ? '' : `export KUBECONFIG='${kubeconfig}'\n`;
  const path = binDir === undefined ? '' : `export PATH='${binDir}':"$PATH"\n`;
  return `# The running lab; use it with: . .lab/env
${ofCluster}export AWS_ENDPOINT_URL='${endpoint}'
export AWS_REGION='${lab.region}' AWS_DEFAULT_REGION='${lab.region}'
export AWS_ACCESS_KEY_ID='${lab.accessKeyId}' AWS_SECRET_ACCESS_KEY='${lab.secretAccessKey}'
export AWS_PAGER=''
${path}# Older aws CLIs, Debian's among them, do not read AWS_ENDPOINT_URL.
aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }
`;
}

/** It goes away with the lab, unless a lab that was started later from this clone has made it its own. */
export function writeEnvFile(options: EnvFileOptions): void {
  const file = { path: envFilePath(options.root), text: renderEnvFile(options) };
  announceFile(options.runDir, file);
  mkdirSync(dirname(file.path), { recursive: true });
  writeFileSync(file.path, file.text);
}
