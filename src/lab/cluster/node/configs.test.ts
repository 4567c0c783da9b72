import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { renderContainerdConfig, renderKubeletConfig, renderProxyConfig, renderResolvConf } from './configs.ts';
import { machineId, maxPods, productUuid, providerId } from './identity.ts';
import { reservations } from './reservations.ts';

const instance = {
  id: 'i-0123456789abcdef0',
  title: 'node-1',
  name: 'ip-10-0-0-5.us-west-2.compute.internal',
  address: '10.0.0.5',
  type: 'm5.large',
  zone: 'us-west-2a',
};

describe('the identity of a node', () => {
  it('is what AWS’s cloud controller would say', () => {
    expect(providerId(instance)).toBe('aws:///us-west-2a/i-0123456789abcdef0');
  });

  it('is one id, of EC2’s form, to the firmware and to the operating system', () => {
    expect(machineId(instance)).toMatch(/^ec2[0-9a-f]{29}$/);
    expect(productUuid(instance)).toMatch(/^ec2[0-9a-f]{5}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(productUuid(instance).replaceAll('-', '')).toBe(machineId(instance));
    expect(machineId({ id: 'i-00000000000000001' })).not.toBe(machineId(instance));
  });

  it('takes as many pods as EKS gives the instance type', () => {
    expect(['t3.nano', 'm5.large', 'm5.4xlarge', 'c5.24xlarge'].map(maxPods)).toEqual([4, 29, 234, 737]);
  });

  it('is refused for a type whose limits are not known', () => {
    expect(() => maxPods('z9.huge')).toThrow('z9.huge');
  });
});

describe('the files of a node', () => {
  const kubelet = parse(
    renderKubeletConfig({
      providerId: providerId(instance),
      maxPods: 29,
      cgroupRoot: '/brl-lab/node-1',
      ...reservations('m5.large'),
    }),
  ) as Record<string, unknown>;

  it('keep pods in a cgroup of the node’s own, so that their processes can be found', () => {
    expect(kubelet).toMatchObject({ cgroupRoot: '/brl-lab/node-1', cgroupDriver: 'cgroupfs' });
    expect(kubelet).not.toHaveProperty('cgroupsPerQOS');
  });

  it('leave as much for pods as EKS does, and evict none', () => {
    expect(kubelet).toMatchObject({
      kubeReserved: { cpu: '70m', memory: '574Mi' },
      systemReserved: { memory: '100Mi' },
      enforceNodeAllocatable: [],
      evictionHard: {},
    });
  });

  it('let nobody call the kubelet whom the API server would not let', () => {
    expect(kubelet).toMatchObject({
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
      authorization: { mode: 'Webhook' },
    });
  });

  it('never throw an image away: it could not be pulled again', () => {
    expect(kubelet).toMatchObject({ imageGCHighThresholdPercent: 100, evictionHard: {} });
  });

  it('write nothing outside the node’s own folders', () => {
    const paths = Object.values(kubelet).filter(
      (value): value is string => typeof value === 'string' && value.startsWith('/'),
    );
    expect(paths.filter((path) => !/^\/(var\/lib|var\/log|etc|run|brl-lab)\//.test(path))).toEqual([]);
    expect(kubelet).toMatchObject({ volumePluginDir: '/var/lib/kubelet/volumeplugins' });
  });

  it('give kube-proxy no range of the cluster, as on EKS', () => {
    expect(parse(renderProxyConfig({ mode: 'nftables', nodeName: instance.name }))).toMatchObject({
      mode: 'nftables',
      clusterCIDR: '',
      hostnameOverride: instance.name,
      conntrack: { maxPerCore: 0 },
    });
  });

  it('name the sandbox image and the node’s own folders to containerd', () => {
    const text = renderContainerdConfig({ sandboxImage: 'lab/pause:1', snapshotter: 'native' });
    expect(text).toContain('sandbox_image = "lab/pause:1"');
    expect(text).toContain('snapshotter = "native"');
    expect(text).toContain('bin_dir = "/opt/cni/bin"');
  });

  it('point to the VPC’s resolver', () => {
    expect(renderResolvConf()).toBe('nameserver 10.0.0.2\nsearch us-west-2.compute.internal\n');
  });
});
