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
    expect(settings).toEqual({ podGroupsEnabled: true, eniMtu: 1500, podMtu: 1500, rulesPollSeconds: 1 });
  });

  it('keep the last valid value and name what is wrong', () => {
    const previous = { podGroupsEnabled: true, eniMtu: 1500, podMtu: 1400, rulesPollSeconds: 3 };
    const { settings, problems } = readSettings({
      configMaps: [
        { ENABLE_POD_ENI: 'yes', POD_MTU: '9002', SECURITY_GROUP_POLL_SECONDS: '0', AWS_VPC_ENI_MTU: '1e3' },
      ],
      environment: {},
      previous,
    });
    expect(settings).toEqual(previous);
    expect(problems.map(({ name }) => name).sort()).toEqual([
      'AWS_VPC_ENI_MTU',
      'ENABLE_POD_ENI',
      'POD_MTU',
      'SECURITY_GROUP_POLL_SECONDS',
    ]);
    expect(problems[0]?.error.code).toBe('setting-invalid');
  });
});
