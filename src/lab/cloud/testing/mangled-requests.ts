/** Requests that are nearly right: drawn from the model, with real ids among nonsense, and then mangled. */
import type { Ec2Model, Member } from '../model/ec2-model.ts';

export interface MangleOptions {
  readonly model: Ec2Model;
  /** Even numbers from 0 to below 1. */
  readonly random: () => number;
  /** Ids that exist. */
  readonly ids: readonly string[];
}

const words = [
  '',
  ' ',
  '*',
  '\\',
  'default',
  'tcp',
  '-1',
  '0',
  '4294967296',
  '1e9',
  'NaN',
  'true',
  '10.0.0.0/24',
  '10.0.0.9',
  '0.0.0.0/0',
  '::/0',
  '256.0.0.0/8',
  'us-west-2a',
  'm5.large',
  'ami-0123456789abcdef0',
  'subnet-id',
  'vpc-id',
  'tag:Name',
  'tag-key',
  'network-interface',
  'security-group',
  '__proto__',
  'constructor',
  'toString',
  '\u0000\u0001',
  '\uD800',
  '𝕏'.repeat(40),
  'x'.repeat(3000),
  '<&">',
  "'; drop table",
] as const;

/** What an id of each name begins with. */
const prefixes: Readonly<Record<string, string>> = {
  VpcId: 'vpc',
  SubnetId: 'subnet',
  GroupId: 'sg',
  SecurityGroupId: 'sg',
  NetworkInterfaceId: 'eni',
  InstanceId: 'i',
  RouteTableId: 'rtb',
  InternetGatewayId: 'igw',
  GatewayId: 'igw',
  PrefixListId: 'pl',
};

/** Values that fit parameters of each name. */
const apt: Readonly<Record<string, readonly string[]>> = {
  CidrBlock: ['10.0.0.0/16', '10.0.1.0/24', '10.0.2.0/28', '100.64.0.0/16'],
  DestinationCidrBlock: ['0.0.0.0/0', '192.0.2.0/24'],
  CidrIp: ['10.0.0.0/8', '0.0.0.0/0'],
  Cidr: ['10.0.0.0/8', '192.0.2.0/24'],
  PrivateIpAddress: ['10.0.0.20', '10.0.0.21', '10.0.0.3'],
  IpProtocol: ['tcp', 'udp', 'icmp', '-1', '58'],
  ImageId: ['ami-0123456789abcdef0'],
  InstanceType: ['m5.large', 't3.small'],
  AddressFamily: ['IPv4', 'IPv6'],
  GroupName: ['a', 'b', 'c'],
  GroupDescription: ['d'],
  Attribute: ['enableDnsSupport', 'description', 'disableApiTermination'],
  AvailabilityZone: ['us-west-2a'],
  ResourceType: ['vpc', 'subnet', 'security-group', 'network-interface', 'instance'],
};

export type Parameters = readonly (readonly [string, string])[];

export function mangledRequest({ model, random, ids }: MangleOptions): Parameters {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const chance = (probability: number): boolean => random() < probability;

  const text = (name: string): string => {
    const prefix = prefixes[name];
    const fitting = prefix === undefined ? (apt[name] ?? []) : ids.filter((id) => id.startsWith(`${prefix}-0`));
    if (fitting.length > 0 && chance(0.8)) return pick(fitting);
    return chance(0.3) && ids.length > 0 ? pick(ids) : pick(words);
  };
  const simple = (shape: string, name: string): string => {
    if (chance(0.1)) return pick(words);
    if (shape === 'number') return String(pick([0, 1, 2, 5, 6, -1, 80, 443, 1000, 65_536, 1.5]));
    if (shape === 'boolean') return pick(['true', 'false', 'false', 'maybe']);
    return text(name);
  };
  const grow = (shape: string, path: string, depth: number): [string, string][] => {
    const described = model.shapes[shape];
    if (described === undefined)
      return [[path, simple(shape, path.split('.').findLast((part) => !/^\d+$/.test(part)) ?? '')]];
    if (depth > 5) return [];
    if ('item' in described) {
      const count = pick([0, 1, 1, 2, 3]);
      return Array.from({ length: count }, (_, index) =>
        grow(described.item, `${path}.${index + 1}`, depth + 1),
      ).flat();
    }
    return Object.values(described.members).flatMap((member: Member) => {
      if (member.query === 'DryRun' ? chance(0.95) : member.required !== true && chance(0.7)) return [];
      return grow(member.shape, path === '' ? member.query : `${path}.${member.query}`, depth + 1);
    });
  };

  const action = pick(Object.keys(model.operations));
  const parameters: [string, string][] = grow(model.operations[action]?.input ?? 'unit', '', 0);
  for (let index = 0; index < parameters.length; index++) {
    if (chance(0.97)) continue;
    const [key, value] = parameters[index] ?? ['', ''];
    parameters[index] = pick<[string, string]>([
      [`${key}.1`, value],
      [key.replace(/\d+/, '99999999999'), value],
      [`.${key}.`, value],
      [key.toLowerCase(), value],
      [`${key}.__proto__`, value],
      ['__proto__', value],
    ]);
  }
  return [
    ['Action', chance(0.98) ? action : pick(words)],
    ['Version', chance(0.99) ? model.apiVersion : pick(words)],
    ...parameters,
  ];
}
