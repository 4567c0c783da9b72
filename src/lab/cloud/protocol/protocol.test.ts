import { describe, expect, it } from 'vitest';

import { loadEc2Model } from '../model/ec2-model.ts';
import { Ec2Error } from '../state/ec2-error.ts';
import { parseQuery } from './parse-query.ts';
import { renderAnswer, renderError } from './render-xml.ts';

const model = loadEc2Model();
const parse = (shape: string, parameters: Readonly<Record<string, string | undefined>>) =>
  parseQuery({ model, shape, parameters: Object.entries(parameters).map(([key, text]) => [key, text ?? ''] as const) });

describe('a request in query form', () => {
  it('becomes the value of the SDK’s type', () => {
    expect(
      parse('CreateNetworkInterfaceRequest', {
        Action: 'CreateNetworkInterface',
        Version: '2016-11-15',
        SubnetId: 'subnet-1',
        'SecurityGroupId.1': 'sg-1',
        'SecurityGroupId.2': 'sg-2',
        SecondaryPrivateIpAddressCount: '3',
        'TagSpecification.1.ResourceType': 'network-interface',
        'TagSpecification.1.Tag.1.Key': 'a',
        'TagSpecification.1.Tag.1.Value': 'b',
        DryRun: 'false',
      }),
    ).toEqual({
      SubnetId: 'subnet-1',
      Groups: ['sg-1', 'sg-2'],
      SecondaryPrivateIpAddressCount: 3,
      TagSpecifications: [{ ResourceType: 'network-interface', Tags: [{ Key: 'a', Value: 'b' }] }],
      DryRun: false,
    });
  });

  it('orders lists by their numbers, not by their order in the request', () => {
    const parameters = { 'VpcId.10': 'c', 'VpcId.9': 'b', 'VpcId.1': 'a' };
    expect(parse('DescribeVpcsRequest', parameters)).toEqual({ VpcIds: ['a', 'b', 'c'] });
  });

  it.each([
    [
      'an unknown parameter',
      { SubnetId: 's', Nonsense: '1' },
      'UnknownParameter: The parameter Nonsense is not recognized',
    ],
    ['a missing one', {}, 'MissingParameter: The request must contain the parameter SubnetId'],
    ['a child of a text', { 'SubnetId.1': 's' }, 'UnknownParameter: The parameter SubnetId.1 is not recognized'],
    [
      'a text where a number belongs',
      { SubnetId: 's', SecondaryPrivateIpAddressCount: 'three' },
      'InvalidParameterValue: Value (three) for parameter SecondaryPrivateIpAddressCount is invalid.',
    ],
    [
      'a text where a truth belongs',
      { SubnetId: 's', DryRun: 'perhaps' },
      'InvalidParameterValue: Value (perhaps) for parameter DryRun is invalid.',
    ],
    [
      'a name where a list has numbers',
      { SubnetId: 's', 'SecurityGroupId.first': 'sg-1' },
      'UnknownParameter: The parameter SecurityGroupId.first is not recognized',
    ],
  ])('is refused for %s', (_what, parameters, refusal) => {
    let said = '';
    try {
      parse('CreateNetworkInterfaceRequest', parameters);
    } catch (error) {
      said = error instanceof Ec2Error ? `${error.code}: ${error.message}` : String(error);
    }
    expect(said).toBe(refusal);
  });
});

describe('an answer in XML', () => {
  it('names members as EC2 does and leaves absent ones out', () => {
    const xml = renderAnswer({
      model,
      action: 'DescribeVpcs',
      shape: 'DescribeVpcsResult',
      requestId: 'r',
      answer: { NextToken: undefined, Vpcs: [{ VpcId: 'vpc-1', IsDefault: false, Tags: [], CidrBlock: 'a<b>&"' }] },
    });
    expect(xml).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">' +
        '<requestId>r</requestId><vpcSet><item><vpcId>vpc-1</vpcId><isDefault>false</isDefault><tagSet/>' +
        '<cidrBlock>a&lt;b&gt;&amp;&quot;</cidrBlock></item></vpcSet></DescribeVpcsResponse>',
    );
  });

  it('says true for a call that has no output', () => {
    const xml = renderAnswer({ model, action: 'DeleteSubnet', shape: 'unit', requestId: 'r', answer: {} });
    expect(xml).toContain('<return>true</return>');
  });

  it('spells the request id of a refusal in capitals', () => {
    const xml = renderError(new Ec2Error('InvalidAction', 'no \u0000'), 'r');
    expect(xml).toContain(
      '<Error><Code>InvalidAction</Code><Message>no \uFFFD</Message></Error></Errors><RequestID>r</RequestID>',
    );
  });
});
