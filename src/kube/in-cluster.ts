/** What the kubelet gives every pod: a token, a CA and, in the environment, the address of the API server. */
import { readFileSync } from 'node:fs';

import { describeError } from '../core/errors/coded-error.ts';
import { configError, httpsUrl, type Credentials, type KubeConfig, type ReadFile } from './config.ts';

export interface InClusterOptions {
  /** Required: `process.env` of the composition root. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default: the file system. */
  readonly readFile?: ReadFile;
  /** Default `/var/run/secrets/kubernetes.io/serviceaccount`. */
  readonly folder?: string;
}

export function inClusterConfig({
  environment,
  readFile = (path) => readFileSync(path, 'utf8'),
  folder = '/var/run/secrets/kubernetes.io/serviceaccount',
}: InClusterOptions): KubeConfig {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || host === '' || port === undefined || port === '') {
    throw configError('KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is not a pod');
  }
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  httpsUrl(server);

  const read = (name: string): string => {
    const path = `${folder}/${name}`;
    try {
      return readFile(path);
    } catch (error) {
      throw configError(`${path}: ${describeError(error)}`, error);
    }
  };
  const credentials = (): Credentials => ({ ca: read('ca.crt'), token: read('token').trim() });
  return { server, credentials, namespace: read('namespace').trim() };
}
