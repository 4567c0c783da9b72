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

export type Parameters = readonly (readonly [string, string])[];

export function mangledRequest({ model, random, ids }: MangleOptions): Parameters {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const chance = (probability: number): boolean => random() < probability;

  const text = (name: string): string => {
    if (chance(0.5) && /Id$|Ids$|Resource|InstanceId|Value/.test(name) && ids.length > 0) return pick(ids);
    return pick(words);
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
