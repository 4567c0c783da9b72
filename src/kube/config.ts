/** How to reach an API server and as whom. Made by `in-cluster.ts` or `kubeconfig.ts`; only the client reads it. */
import { CodedError } from '../core/errors/coded-error.ts';

export interface Credentials {
  /** PEM; absent: the certificates that Node trusts. */
  readonly ca?: string;
  /** PEM; with {@link key}. */
  readonly cert?: string;
  readonly key?: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
}

export interface KubeConfig {
  /** `https://host:port`, possibly with a path. Plain HTTP is refused: it would show the token to the network. */
  readonly server: string;
  /** The name in the server's certificate, where it is not the host of {@link server}. */
  readonly tlsServerName?: string;
  /** The server's certificate is not checked. */
  readonly insecure?: boolean;
  /** Reads files anew at each call: the kubelet rotates a pod's token long before it ends. */
  readonly credentials: () => Credentials;
  /** Of the service account or the context. */
  readonly namespace?: string;
}

export type ReadFile = (path: string) => string;

export const configError = (detail: string, cause?: unknown): CodedError =>
  new CodedError('kube-config-invalid', { detail, cause });

export function httpsUrl(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol !== 'https:') throw configError(`the server "${server}" is not an https:// address`);
  return url;
}
