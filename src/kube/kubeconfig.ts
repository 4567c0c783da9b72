/**
 * kubectl's configuration file, for the lab and the command line. What we cannot honour is refused, never passed over:
 * a client that skips a line of it may talk to another server, or as somebody else.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import * as v from 'valibot';
import { parse } from 'yaml';

import { describeError } from '../core/errors/coded-error.ts';
import { configError, httpsUrl, type Credentials, type KubeConfig, type ReadFile } from './config.ts';

export interface KubeconfigOptions {
  /** Default: the file's `current-context`. */
  readonly context?: string;
  /** What relative paths in it are relative to: the folder of the file. Default: the working directory. */
  readonly folder?: string;
  /** Default false: `insecure-skip-tls-verify` in the file is refused. */
  readonly allowInsecure?: boolean;
  /** Default: the file system. */
  readonly readFile?: ReadFile;
}

const text = v.optional(v.string());
const clusterSchema = v.object({
  server: v.string(),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'tls-server-name': text,
  'insecure-skip-tls-verify': v.optional(v.boolean()),
  'proxy-url': text,
});
const userSchema = v.object({
  token: text,
  tokenFile: text,
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  username: text,
  exec: v.optional(v.unknown()),
  'auth-provider': v.optional(v.unknown()),
  as: text,
});
const schema = v.object({
  'current-context': text,
  contexts: v.array(
    v.object({ name: v.string(), context: v.object({ cluster: v.string(), user: v.string(), namespace: text }) }),
  ),
  clusters: v.array(v.object({ name: v.string(), cluster: clusterSchema })),
  users: v.array(v.object({ name: v.string(), user: v.nullable(userSchema) })),
});
type User = v.InferOutput<typeof userSchema>;

/** Ways to say who one is that need a program or a service beside us. */
const unsupported = ['exec', 'auth-provider', 'username', 'as'] as const;

export function kubeconfigConfig(file: string, options: KubeconfigOptions = {}): KubeConfig {
  const { folder = '.', allowInsecure = false, readFile = (path) => readFileSync(path, 'utf8') } = options;
  const config = read(file);
  const { context } = named(config.contexts, options.context ?? config['current-context'], 'context');
  const { cluster } = named(config.clusters, context.cluster, 'cluster');
  const user: User = named(config.users, context.user, 'user').user ?? {};
  httpsUrl(cluster.server);
  for (const key of unsupported) {
    if (user[key] !== undefined) throw configError(`the user "${context.user}" has "${key}", which is not supported`);
  }
  if (cluster['proxy-url'] !== undefined) {
    throw configError(`the cluster "${context.cluster}" has "proxy-url", which is not supported`);
  }
  const insecure = cluster['insecure-skip-tls-verify'] === true;
  if (insecure && !allowInsecure) {
    throw configError(`the cluster "${context.cluster}" has "insecure-skip-tls-verify"; give its CA instead`);
  }

  /** What stands in the file itself wins over the path of another. */
  const pem = (data: string | undefined, path: string | undefined): string | undefined => {
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    return path === undefined ? undefined : fromFile(path);
  };
  const fromFile = (path: string): string => {
    try {
      return readFile(resolve(folder, path));
    } catch (error) {
      throw configError(`${path}: ${describeError(error)}`, error);
    }
  };
  const credentials = (): Credentials =>
    withoutUndefined({
      ca: pem(cluster['certificate-authority-data'], cluster['certificate-authority']),
      cert: pem(user['client-certificate-data'], user['client-certificate']),
      key: pem(user['client-key-data'], user['client-key']),
      token: user.token ?? (user.tokenFile === undefined ? undefined : fromFile(user.tokenFile).trim()),
    });
  return {
    server: cluster.server,
    credentials,
    ...(insecure ? { insecure } : {}),
    ...(cluster['tls-server-name'] === undefined ? {} : { tlsServerName: cluster['tls-server-name'] }),
    ...(context.namespace === undefined ? {} : { namespace: context.namespace }),
  };
}

function read(file: string): v.InferOutput<typeof schema> {
  let value: unknown;
  try {
    value = parse(file);
  } catch (error) {
    throw configError(`the kubeconfig is not YAML: ${describeError(error)}`, error);
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw configError(`the kubeconfig's ${v.getDotPath(issue) ?? 'content'}: ${issue.message}`);
}

function named<T extends { readonly name: string }>(list: readonly T[], name: string | undefined, what: string): T {
  const found = list.find((entry) => entry.name === name);
  if (found === undefined) throw configError(`the kubeconfig has no ${what} "${name ?? ''}"`);
  return found;
}

const withoutUndefined = (values: { readonly [K in keyof Credentials]: Credentials[K] | undefined }): Credentials =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
