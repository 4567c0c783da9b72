/** A kubeconfig with everything in it, so that the file can be copied to where it is used. */
import { readFileSync, writeFileSync } from 'node:fs';

import { stringify } from 'yaml';

import type { KeyPair } from './certificates.ts';

export interface KubeconfigOptions {
  readonly server: string;
  /** Path of the CA's certificate. */
  readonly ca: string;
  readonly user: KeyPair;
}

export function renderKubeconfig({ server, ca, user }: KubeconfigOptions): string {
  const data = (path: string): string => readFileSync(path).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'lab', cluster: { server, 'certificate-authority-data': data(ca) } }],
    users: [{ name: 'lab', user: { 'client-certificate-data': data(user.cert), 'client-key-data': data(user.key) } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
    'current-context': 'lab',
  });
}

/** @returns the file's path. */
export function writeKubeconfig(path: string, options: KubeconfigOptions): string {
  writeFileSync(path, renderKubeconfig(options), { mode: 0o600 });
  return path;
}
