import { connect } from 'node:net';
import { expect, it } from 'vitest';

import { CloudModel, runInstance, sampleVpc } from '../testing/cloud-model.ts';
import { serveImds } from './imds-server.ts';
import { createTokens } from './tokens.ts';

it('sends a token as far as the instance’s hop limit, and all else as far as it may go', async () => {
  const cloud = new CloudModel();
  const { vpc, subnet } = sampleVpc(cloud);
  const InstanceId = runInstance(cloud, subnet);
  cloud.call('ModifyInstanceMetadataOptions', { InstanceId, HttpPutResponseHopLimit: 1, HttpTokens: 'optional' });
  // Who asks is told by the address.
  const [eni] = cloud.state.all('interfaces');
  if (eni === undefined) throw new Error('no interface');
  cloud.state.commit([{ table: 'interfaces', id: eni.id, value: { ...eni, addresses: [0x7f00_0001 as never] } }]);
  const ttls: number[] = [];
  const server = await serveImds({
    view: cloud.state,
    vpc,
    tokens: createTokens(() => cloud.nowMs),
    region: 'us-west-2',
    account: '111122223333',
    nowMs: () => cloud.nowMs,
    where: { host: '127.0.0.1', port: 0 },
    setTtl: (fd, ttl) => ttls.push(fd > 2 ? ttl : -1),
  });
  const socket = connect(server.port, '127.0.0.1');
  const answered = (request: string): Promise<string> =>
    new Promise((resolve) => {
      socket.once('data', (bytes) => resolve(String(bytes).slice(9, 12)));
      socket.write(`${request} HTTP/1.1\r\nhost: imds\r\nx-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n`);
    });
  expect(await answered('PUT /latest/api/token')).toBe('200');
  expect(await answered('GET /latest/meta-data/instance-id')).toBe('200');
  expect(ttls).toEqual([1, 64]);
  socket.destroy();
  await server.close();
});
