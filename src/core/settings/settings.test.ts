import { describe, expect, it } from 'vitest';

import { defaultSettings, readSettings } from './settings.ts';

describe('settings', () => {
  it('are the defaults where nobody sets anything', () => {
    expect(readSettings({ configMaps: [undefined, {}], environment: {} })).toEqual({
      settings: defaultSettings,
      problems: [],
    });
  });

  it('come from the first source that has a value', () => {
    const { settings } = readSettings({
      configMaps: [{ ENABLE_POD_ENI: 'true' }, { ENABLE_POD_ENI: 'false', AWS_VPC_ENI_MTU: '1500' }],
      environment: { AWS_VPC_ENI_MTU: '8000', SECURITY_GROUP_POLL_SECONDS: '1' },
    });
    expect(settings).toEqual({
      ...defaultSettings,
      podGroupsEnabled: true,
      eniMtu: 1500,
      podMtu: 1500,
      rulesPollSeconds: 1,
    });
  });

  it('keep the last valid value and name what is wrong', () => {
    const previous = {
      podGroupsEnabled: true,
      podGroupsMode: 'eks',
      eniMtu: 1500,
      podMtu: 1400,
      rulesPollSeconds: 3,
      externalSnat: true,
      excludeSnatCidrs: ['192.168.0.0/16'],
    } as const;
    const { settings, problems } = readSettings({
      configMaps: [
        { ENABLE_POD_ENI: 'yes', POD_MTU: '9002', SECURITY_GROUP_POLL_SECONDS: '0', AWS_VPC_ENI_MTU: '1e3' },
        { AWS_VPC_K8S_CNI_EXTERNALSNAT: 'on', AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: '10.0.0.0/8,fd00::/8' },
        { POD_GROUPS_MODE: 'EKS' },
      ],
      environment: {},
      previous,
    });
    expect(settings).toEqual(previous);
    expect(problems.map(({ name }) => name).sort()).toEqual([
      'AWS_VPC_ENI_MTU',
      'AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS',
      'AWS_VPC_K8S_CNI_EXTERNALSNAT',
      'ENABLE_POD_ENI',
      'POD_GROUPS_MODE',
      'POD_MTU',
      'SECURITY_GROUP_POLL_SECONDS',
    ]);
    expect(problems[0]?.error.code).toBe('setting-invalid');
  });

  it('say of a wrong value what it must be', () => {
    const { problems } = readSettings({ configMaps: [{ POD_GROUPS_MODE: 'branch' }], environment: {} });
    expect(problems.map(({ error }) => error.detail)).toEqual([
      'POD_GROUPS_MODE is "branch", and must be shared or eks',
    ]);
  });

  it('take lists of ranges with spaces and surplus bits, as upstream does', () => {
    const { settings, problems } = readSettings({
      configMaps: [{ AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: ' 192.168.1.7/16, 172.16.0.0/12,' }],
      environment: {},
    });
    expect(problems).toEqual([]);
    expect(settings.excludeSnatCidrs).toEqual(['192.168.0.0/16', '172.16.0.0/12']);
  });
});
