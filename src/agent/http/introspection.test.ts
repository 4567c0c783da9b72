import { describe, expect, it } from 'vitest';

import { ip } from '../../core/address/ip.ts';
import { mac } from '../../core/address/mac.ts';
import { aBranch, anAttachment, anInterface, aSpec, aTrunk } from '../testing/builders.ts';
import { showInterfaces, showPods } from './introspection.ts';

const web = { containerId: 'sandbox-web', pod: { namespace: 'default', name: 'web', uid: 'uid-web' } };
const shown = {
  spec: aSpec({
    interfaces: [
      anInterface({ addresses: ['10.0.0.20', '10.0.0.21'], prefixes: ['10.0.2.0/28'] }),
      anInterface({
        id: 'eni-web',
        deviceIndex: 1,
        purpose: 'groups',
        addresses: [],
        prefixes: ['2001:db8:0:0:a::/80'],
      }),
    ],
  }),
  pools: [{ pool: 'node', total: 18, inUse: 1, wanted: 1, cooling: 0 }],
  attachments: [
    anAttachment({ ...web, address: ip('10.0.0.20') }),
    anAttachment({
      containerId: 'sandbox-six',
      pod: { namespace: 'shop', name: 'six', uid: 'uid-six' },
      address: ip('2001:db8:0:0:a::7'),
      interfaceId: 'eni-web',
      set: { key: 'aa', groups: ['sg-0000000000000000b'] },
    }),
  ],
};

describe('the introspection pages', () => {
  it('show interfaces, their ranges and who holds an address of them, with upstream’s fields', () => {
    const held = (address: string, sandbox: string, namespace: string, name: string) => ({
      [address]: {
        Address: address,
        IPAMKey: { containerID: sandbox, ifName: 'eth0' },
        IPAMMetadata: { k8sPodNamespace: namespace, k8sPodName: name },
      },
    });
    expect(showInterfaces(shown)).toEqual({
      TotalIPs: 18,
      AssignedIPs: 2,
      ENIs: {
        'eni-node': {
          ID: 'eni-node',
          IsPrimary: true,
          IsTrunk: false,
          DeviceNumber: 0,
          AvailableIPv4Cidrs: {
            '10.0.0.20/32': { IPAddresses: held('10.0.0.20', 'sandbox-web', 'default', 'web'), IsPrefix: false },
            '10.0.0.21/32': { IPAddresses: {}, IsPrefix: false },
            '10.0.2.0/28': { IPAddresses: {}, IsPrefix: true },
          },
          IPv6Cidrs: {},
        },
        'eni-web': {
          ID: 'eni-web',
          IsPrimary: false,
          IsTrunk: false,
          DeviceNumber: 1,
          AvailableIPv4Cidrs: {},
          IPv6Cidrs: {
            '2001:db8:0:0:a::/80': {
              IPAddresses: held('2001:db8::a:0:0:7', 'sandbox-six', 'shop', 'six'),
              IsPrefix: true,
            },
          },
        },
      },
    });
  });

  it('show pods by name, namespace and sandbox, and the groups of those that have their own', () => {
    expect(showPods(shown)).toEqual({
      'web_default_sandbox-web': { IP: '10.0.0.20', DeviceNumber: 0 },
      'six_shop_sandbox-six': { IP: '2001:db8::a:0:0:7', DeviceNumber: 1, Groups: ['sg-0000000000000000b'] },
    });
  });

  it('show branches and their VLAN ids, at the device of their trunk', () => {
    const way = { vlan: 7, mac: mac('06:00:00:00:01:07'), trunkMac: '06:00:00:00:00:0f', gateway: '10.0.0.1' };
    const set = { key: 'aa', groups: ['sg-0000000000000000b'] };
    const pod = anAttachment({ ...web, address: ip('10.0.3.20'), interfaceId: 'eni-branch', set, branch: way });
    const spec = aSpec({ interfaces: [anInterface(), aTrunk()], branches: [aBranch()] });
    const branched = { spec, pools: [], attachments: [pod] };
    expect(showInterfaces(branched)).toMatchObject({
      ENIs: {
        'eni-trunk': { IsTrunk: true, DeviceNumber: 3 },
        'eni-branch': {
          IsTrunk: false,
          DeviceNumber: 3,
          TrunkID: 'eni-trunk',
          VlanID: 7,
          AvailableIPv4Cidrs: { '10.0.3.20/32': { IPAddresses: { '10.0.3.20': { Address: '10.0.3.20' } } } },
        },
      },
    });
    expect(showPods(branched)).toEqual({
      'web_default_sandbox-web': { IP: '10.0.3.20', DeviceNumber: 3, VlanID: 7, Groups: set.groups },
    });
  });

  it('are empty before there is a record', () => {
    expect(showInterfaces({ spec: undefined, pools: [], attachments: [] })).toEqual({
      TotalIPs: 0,
      AssignedIPs: 0,
      ENIs: {},
    });
  });
});
