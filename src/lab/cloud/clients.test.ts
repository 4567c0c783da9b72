/** Programs that were written for EC2 do not notice: boto3 and the aws CLI, where they are installed. */
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Cloud, startCloud } from './start-cloud.ts';

const run = promisify(execFile);
const env = {
  ...process.env,
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'x',
  AWS_DEFAULT_REGION: 'us-west-2',
  AWS_PAGER: '',
};
const works = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud({ seed: 'clients' });
});
afterAll(() => cloud.close());

describe('other clients of EC2', () => {
  it.skipIf(!works('python3', ['-c', 'import boto3']))(
    'boto3 (where it is installed) makes, pages, waits and is refused',
    async () => {
      const script = join(import.meta.dirname, 'testing/drive.py');
      const { stdout } = await run('python3', [script, cloud.endpoint], { env });
      expect(JSON.parse(stdout)).toEqual({
        tags: [{ Key: 'a', Value: 'b & c' }],
        addresses: ['10.0.0.5', '10.0.0.6', '10.0.0.7'],
        pages: [5, 5, 2],
        rules: ['tcp'],
        attached: true,
        dryRun: [412, 'DryRunOperation'],
        busy: [400, 'DependencyViolation'],
        unknown: [400, 'InvalidInstanceID.NotFound'],
      });
    },
  );

  it.skipIf(!works('aws', ['--version']))(
    'the aws CLI (where it is installed) makes, shows and is refused',
    async () => {
      const aws = async (...args: string[]): Promise<unknown> => {
        const { stdout } = await run('aws', ['--endpoint-url', cloud.endpoint, '--output', 'json', 'ec2', ...args], {
          env,
        });
        return stdout === '' ? undefined : JSON.parse(stdout);
      };
      const made = await aws(
        'create-vpc',
        '--cidr-block',
        '10.9.0.0/16',
        '--tag-specifications',
        'ResourceType=vpc,Tags=[{Key=Name,Value=cli}]',
      );
      expect(made).toMatchObject({ Vpc: { CidrBlock: '10.9.0.0/16', State: 'pending' } });
      const shown = await aws('describe-vpcs', '--filters', 'Name=tag:Name,Values=c*', '--query', 'Vpcs[].CidrBlock');
      expect(shown).toEqual(['10.9.0.0/16']);
      await expect(aws('create-vpc', '--cidr-block', '10.0.0.0/8')).rejects.toMatchObject({
        stderr: expect.stringContaining(
          "(InvalidVpc.Range) when calling the CreateVpc operation: The CIDR '10.0.0.0/8' is invalid.",
        ),
      });
    },
  );
});
