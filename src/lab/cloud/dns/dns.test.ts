import { Resolver } from 'node:dns/promises';
import { describe, expect, it } from 'vitest';

import { ipv4 } from '../../../core/address/ipv4.ts';
import { openKernel } from '../../../linux/kernel.ts';
import { CloudModel, makeInterface, runInstance, sampleVpc } from '../testing/cloud-model.ts';
import { answerQuestion, type Names } from './answer-question.ts';
import { serveDns } from './dns-server.ts';
import { parseQuery, recordType, responseCode } from './message.ts';

const region = 'us-west-2';
const NAME = 'ip-10-0-0-4.us-west-2.compute.internal';

function sample(): { readonly cloud: CloudModel; readonly names: Names } {
  const cloud = new CloudModel();
  const { vpc, subnet } = sampleVpc(cloud);
  runInstance(cloud, subnet);
  makeInterface(cloud, subnet);
  return { cloud, names: { view: cloud.state, vpc, region } };
}
const ask = (name: string, type: number, names: Names) => {
  const { code, records } = answerQuestion({ name, type }, names);
  return [code, records.length];
};

describe('the VPC’s DNS', () => {
  it('knows the addresses of interfaces by their private names, and forwards nothing', () => {
    const { names } = sample();
    expect(ask(NAME, recordType.a, names)).toEqual([responseCode.ok, 1]);
    expect(ask('ip-10-0-0-5.us-west-2.compute.internal', recordType.a, names)).toEqual([responseCode.ok, 1]);
    expect(ask(NAME, 28, names)).toEqual([responseCode.ok, 0]);
    expect(ask('ip-10-0-0-99.us-west-2.compute.internal', recordType.a, names)).toEqual([responseCode.noSuchName, 0]);
    expect(ask('example.com', recordType.a, names)).toEqual([responseCode.refused, 0]);
    expect(ask('4.0.0.10.in-addr.arpa', recordType.ptr, names)).toEqual([responseCode.ok, 1]);
    expect(ask('99.0.0.10.in-addr.arpa', recordType.ptr, names)).toEqual([responseCode.noSuchName, 0]);
  });

  it('answers nothing in a VPC that has it switched off', () => {
    const { cloud, names } = sample();
    cloud.call('ModifyVpcAttribute', { VpcId: names.vpc, EnableDnsSupport: { Value: false } });
    expect(ask(NAME, recordType.a, names)).toEqual([responseCode.refused, 0]);
  });

  it('says nothing to what is no question', () => {
    for (const length of [0, 1, 11, 12, 13, 40]) {
      const parsed = parseQuery(Buffer.alloc(length, 0x3f));
      expect(parsed.ok).toBe(false);
    }
    expect(parseQuery(Buffer.from('000180000001000000000000', 'hex'))).toMatchObject({ ok: false, id: undefined });
  });

  it('is understood by resolvers', async () => {
    const { names } = sample();
    const kernel = openKernel();
    const at = { address: ipv4('127.0.0.1'), port: 0 };
    const tcpFd = kernel.listenTcp(kernel.self(), at);
    // The ports differ, so it is spoken to over UDP alone.
    const udpFd = kernel.bindUdp(kernel.self(), { ...at, port: 45_353 });
    const server = await serveDns({ ...names, tcpFd, udpFd });
    try {
      const resolver = new Resolver({ timeout: 5000, tries: 1 });
      resolver.setServers(['127.0.0.1:45353']);
      expect(await resolver.resolve4(NAME.toUpperCase(), { ttl: true })).toEqual([{ address: '10.0.0.4', ttl: 60 }]);
      expect(await resolver.reverse('10.0.0.4')).toEqual([NAME]);
      await expect(resolver.resolve4('example.com')).rejects.toMatchObject({ code: 'EREFUSED' });
    } finally {
      await server.close();
    }
  });
});
