import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';

import type { KubeConfig } from './config.ts';
import { inClusterConfig } from './in-cluster.ts';
import { kubeconfigConfig } from './kubeconfig.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Parts {
  readonly cluster?: object;
  readonly user?: object | null;
  readonly context?: object;
}

const kubeconfig = ({ cluster = {}, user = {}, context = {} }: Parts): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'lab',
    contexts: [
      { name: 'other', context: { cluster: 'other', user: 'me' } },
      { name: 'lab', context: { cluster: 'lab', user: 'me', ...context } },
    ],
    clusters: [
      { name: 'other', cluster: { server: 'https://other:6443' } },
      { name: 'lab', cluster: { server: 'https://10.0.0.1:6443', ...cluster } },
    ],
    users: [{ name: 'me', user }],
  });

describe('a kubeconfig', () => {
  it('gives server, token and CA of its current context, or of another that is asked for', () => {
    const file = kubeconfig({
      cluster: { 'certificate-authority-data': base64('the CA'), 'tls-server-name': 'kube' },
      user: { token: 'secret' },
      context: { namespace: 'shop' },
    });
    const config = kubeconfigConfig(file);
    expect(config).toMatchObject({ server: 'https://10.0.0.1:6443', tlsServerName: 'kube', namespace: 'shop' });
    expect(config.credentials()).toEqual({ ca: 'the CA', token: 'secret' });
    expect(kubeconfigConfig(file, { context: 'other' }).server).toBe('https://other:6443');
  });

  it('reads certificate, key, token and CA from files beside it, each time anew', () => {
    const file = kubeconfig({
      cluster: { 'certificate-authority': 'pki/ca.crt' },
      user: { 'client-certificate': '/abs/me.crt', 'client-key': 'me.key', tokenFile: 'token' },
    });
    let reads = 0;
    const readFile = (path: string): string => `${path} ${(reads += 1)}\n`;
    const config = kubeconfigConfig(file, { folder: '/etc/kube', readFile });
    expect(config.credentials()).toEqual({
      ca: '/etc/kube/pki/ca.crt 1\n',
      cert: '/abs/me.crt 2\n',
      key: '/etc/kube/me.key 3\n',
      token: '/etc/kube/token 4',
    });
    expect(config.credentials().token).toBe('/etc/kube/token 8');
  });

  it('prefers what stands in it to a file', () => {
    const file = kubeconfig({ user: { 'client-key-data': base64('inline'), 'client-key': 'never-read' } });
    expect(kubeconfigConfig(file).credentials()).toEqual({ key: 'inline' });
  });

  it('skips the check of the server only where that was asked for', () => {
    const file = kubeconfig({ cluster: { 'insecure-skip-tls-verify': true } });
    expect(() => kubeconfigConfig(file)).toThrow(invalid('insecure-skip-tls-verify'));
    expect(kubeconfigConfig(file, { allowInsecure: true }).insecure).toBe(true);
  });

  it.each([
    ['plain HTTP', kubeconfig({ cluster: { server: 'http://10.0.0.1' } }), 'http://10.0.0.1'],
    ['a program that gives credentials', kubeconfig({ user: { exec: { command: 'aws' } } }), 'exec'],
    ['another identity', kubeconfig({ user: { as: 'somebody' } }), '"as"'],
    ['a proxy', kubeconfig({ cluster: { 'proxy-url': 'http://proxy' } }), 'proxy-url'],
    ['a context that is not there', kubeconfig({}).replace('current-context: lab', 'current-context: gone'), '"gone"'],
    ['a cluster that is not there', kubeconfig({ context: { cluster: 'gone' } }), '"gone"'],
    ['a file of another kind', 'a: 1', 'contexts'],
    ['what is no YAML', '{', 'YAML'],
  ])('is refused with %s', (_, file, named) => {
    expect(() => kubeconfigConfig(file)).toThrow(invalid(named));
  });

  it('takes a user without anything', () => {
    expect(kubeconfigConfig(kubeconfig({ user: null })).credentials()).toEqual({});
  });

  it('names the file that it cannot read', () => {
    const config = kubeconfigConfig(kubeconfig({ user: { tokenFile: '/nowhere/token' } }));
    expect(() => config.credentials()).toThrow(invalid('/nowhere/token'));
  });
});

describe('a pod', () => {
  const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
  const environment = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
  const files = new Map<string, string>();
  const config = (environment: Readonly<Record<string, string | undefined>>): KubeConfig =>
    inClusterConfig({
      environment,
      readFile: (path) => {
        const text = files.get(path);
        if (text === undefined) throw new Error('ENOENT');
        return text;
      },
    });
  const mount = (token: string): void => {
    files.clear();
    for (const [name, text] of Object.entries({ token, 'ca.crt': 'CA', namespace: 'kube-system\n' })) {
      files.set(`${folder}/${name}`, text);
    }
  };

  it('finds the API server by its environment and its token in files that change', () => {
    mount('one\n');
    const { server, namespace, credentials } = config(environment);
    expect({ server, namespace }).toEqual({ server: 'https://10.96.0.1:443', namespace: 'kube-system' });
    expect(credentials()).toEqual({ ca: 'CA', token: 'one' });
    mount('two');
    expect(credentials().token).toBe('two');
  });

  it('takes an IPv6 address', () => {
    mount('one');
    expect(config({ ...environment, KUBERNETES_SERVICE_HOST: 'fd00::1' }).server).toBe('https://[fd00::1]:443');
  });

  it('is not one without the environment, or without its files', () => {
    mount('one');
    expect(() => config({})).toThrow(invalid('KUBERNETES_SERVICE_HOST'));
    files.delete(`${folder}/namespace`);
    expect(() => config(environment)).toThrow(invalid('namespace'));
  });
});

const invalid = (named: string): unknown =>
  expect.objectContaining({ code: 'kube-config-invalid', detail: expect.stringContaining(named) as string });
