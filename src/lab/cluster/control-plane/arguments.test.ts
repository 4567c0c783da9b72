import { describe, expect, it } from 'vitest';

import {
  type ControlPlaneConfig,
  apiServerArguments,
  controllerManagerArguments,
  etcdArguments,
  schedulerArguments,
} from './arguments.ts';

const config: ControlPlaneConfig = {
  address: '10.0.0.4',
  stateDir: '/state/control-plane',
  ca: '/pki/ca.crt',
  serving: { cert: '/pki/kube-apiserver.crt', key: '/pki/kube-apiserver.key' },
  kubeletClient: { cert: '/pki/kubelet-client.crt', key: '/pki/kubelet-client.key' },
  serviceAccountKey: '/state/service-account.key',
  managerKubeconfig: '/state/controller-manager.conf',
  schedulerKubeconfig: '/state/scheduler.conf',
};

describe('the control plane', () => {
  it('is found by nodes and pods at its instance’s address', () => {
    const { program, args } = apiServerArguments(config);
    expect(program).toBe('kube-apiserver');
    expect(args).toContain('--advertise-address=10.0.0.4');
    expect(args).toContain('--secure-port=6443');
  });

  it('judges as a cluster of a user’s does', () => {
    expect(apiServerArguments(config).args).toEqual(
      expect.arrayContaining(['--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction']),
    );
  });

  it('reaches webhooks at their endpoints, because its instance has no kube-proxy', () => {
    expect(apiServerArguments(config).args).toContain('--enable-aggregator-routing=true');
  });

  it('offers nothing but the API server beyond its own loopback', () => {
    expect(
      etcdArguments(config)
        .args.filter((flag) => flag.includes('http'))
        .join(' '),
    ).not.toMatch(/http:\/\/(?!127\.)/);
    for (const { args } of [controllerManagerArguments(config), schedulerArguments(config)]) {
      expect(args).toContain('--bind-address=127.0.0.1');
    }
  });
});
