import { describe, expect, it } from 'vitest';

import { CodedError } from '../core/errors/coded-error.ts';
import { cniErrorObject } from './error-object.ts';
import { parseNetworkConfig } from './network-config.ts';
import { parseCniRequest } from './protocol.ts';
import { cniResult } from './result.ts';

const add = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'abc',
  CNI_IFNAME: 'eth0',
  CNI_NETNS: '/run/netns/x',
  CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web;K8S_POD_UID=',
};
const config = (object: unknown): Uint8Array => Buffer.from(JSON.stringify(object));

describe('a CNI request', () => {
  it('is read from the variables with its arguments', () => {
    expect(parseCniRequest(add)).toEqual({
      command: 'ADD',
      containerId: 'abc',
      ifname: 'eth0',
      netns: '/run/netns/x',
      args: { IgnoreUnknown: '1', K8S_POD_NAME: 'web', K8S_POD_UID: '' },
    });
  });

  it('may lack its namespace when it is a DEL only', () => {
    expect(parseCniRequest({ ...add, CNI_COMMAND: 'DEL', CNI_NETNS: '' })).toMatchObject({ netns: undefined });
    expect(() => parseCniRequest({ ...add, CNI_NETNS: '' })).toThrow('CNI_NETNS');
  });

  it.each([
    ['CNI_COMMAND', 'RUN'],
    ['CNI_CONTAINERID', '../x'],
    ['CNI_IFNAME', 'a/b'],
    ['CNI_IFNAME', 'sixteen-letters-'],
    ['CNI_ARGS', 'novalue'],
  ])('is refused by the name of what is wrong: %s=%s', (name, value) => {
    expect(() => parseCniRequest({ ...add, [name]: value })).toThrow(name);
  });
});

describe('the network configuration', () => {
  it('keeps what it does not know', () => {
    const parsed = parseNetworkConfig(config({ cniVersion: '1.0.0', name: 'n', type: 't', 'x.y': { z: 1 } }));
    expect(parsed.raw['x.y']).toEqual({ z: 1 });
  });

  it.each([
    [{ cniVersion: '1.0.0', type: 't' }, 'name'],
    [{ cniVersion: '1.0.0', name: 'a b', type: 't' }, 'name'],
    [{ cniVersion: '1.0.0', name: 'n', type: 't', runtimeConfig: 3 }, 'runtimeConfig'],
    [{ cniVersion: '1.1.0', name: 'n', type: 't', 'cni.dev/valid-attachments': [{ ifname: 1 }] }, 'valid-attachments'],
  ])('is refused by the name of the wrong key: %j', (object, key) => {
    expect(() => parseNetworkConfig(config(object))).toThrow(key);
  });

  it('is refused in a version that we do not speak, and when it is no JSON', () => {
    expect(() => parseNetworkConfig(config({ cniVersion: '0.2.0', name: 'n', type: 't' }))).toThrow(
      'cni-version-unsupported',
    );
    expect(() => parseNetworkConfig(Buffer.from('{'))).toThrow('cni-config-invalid');
  });
});

describe('a CNI answer', () => {
  const attachment = {
    hostLink: { name: 'brl1', mac: '02:00:00:00:00:01' },
    podLink: { name: 'eth0', mac: '02:00:00:00:00:02', netns: '/run/netns/x', mtu: 9001 },
    address: '10.0.0.9',
    gateway: '169.254.1.1',
  };

  it('has the form of the version that was asked for', () => {
    expect(cniResult('0.3.1', attachment)).toMatchObject({
      cniVersion: '0.3.1',
      ips: [{ version: '4', interface: 1 }],
    });
    expect(cniResult('1.0.0', attachment)).toEqual({
      cniVersion: '1.0.0',
      interfaces: [
        { name: 'brl1', mac: '02:00:00:00:00:01' },
        { name: 'eth0', mac: '02:00:00:00:00:02', sandbox: '/run/netns/x' },
      ],
      ips: [{ interface: 1, address: '10.0.0.9/32', gateway: '169.254.1.1' }],
      routes: [{ dst: '0.0.0.0/0', gw: '169.254.1.1' }],
      dns: {},
    });
    expect(cniResult('1.1.0', attachment)).toMatchObject({ interfaces: [{ mtu: 9001 }, { mtu: 9001 }] });
  });

  it('says of IPv6 what belongs to it', () => {
    const ipv6 = { ...attachment, address: '2001:db8::9', gateway: 'fe80::1' };
    expect(cniResult('0.4.0', ipv6)).toMatchObject({
      ips: [{ version: '6', address: '2001:db8::9/128', gateway: 'fe80::1' }],
      routes: [{ dst: '::/0', gw: 'fe80::1' }],
    });
  });

  it('says with its code whether to try again, and with ours why', () => {
    const code = (error: unknown): number => cniErrorObject('1.0.0', error).code;
    expect(code(new CodedError('groups-not-ready', { detail: 'x' }))).toBe(11);
    expect(code(new CodedError('groups-too-many', { detail: 'x' }))).toBe(100);
    expect(code(new CodedError('cni-config-invalid', { detail: 'x' }))).toBe(7);
    expect(code(new CodedError('cni-request-invalid', { detail: 'x' }))).toBe(4);
    expect(code(new Error('x'))).toBe(100);
    expect(cniErrorObject('1.0.0', new CodedError('group-unknown', { detail: 'sg-x' })).msg).toContain('group-unknown');
  });
});
