/**
 * Prunes the AWS SDK's schemas to the calls that the lab's cloud models: `node scripts/launch.mjs
 * scripts/generate-ec2-model.ts`. One shape a line, so that a newer SDK shows as a readable difference.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import * as sdk from '@aws-sdk/client-ec2';
import { NormalizedSchema } from '@smithy/core/schema';

import type { Ec2Model, Member, Shape } from '../src/lab/cloud/model/ec2-model.ts';
import { operationNames } from '../src/lab/cloud/model/operation-names.ts';

const out = join(import.meta.dirname, '../src/lab/cloud/model/ec2-model.gen.json');

/** An operation as the SDK ships it: kind 9, namespace, name, traits, input, output. */
type OperationSchema = readonly [9, string, string, unknown, () => unknown, () => unknown];
const isOperation = (value: unknown): value is OperationSchema => Array.isArray(value) && value[0] === 9;

interface NameTraits {
  readonly xmlName?: string;
  readonly ec2QueryName?: string;
}

export function generateModel(): Ec2Model {
  const operations = new Map(
    Object.values(sdk).flatMap((each) => (isOperation(each) ? [[each[2], each] as const] : [])),
  );
  const shapes = new Map<string, Shape>();
  const modelled = operationNames.map((name) => {
    const operation = operations.get(name);
    if (operation === undefined) throw new Error(`the SDK knows no operation ${name}`);
    const [input, output] = [operation[4], operation[5]].map((each) =>
      addShape(NormalizedSchema.of(each as never), shapes),
    );
    return [name, { input: input ?? 'unit', output: output ?? 'unit' }] as const;
  });
  const packagePath = createRequire(import.meta.url).resolve('@aws-sdk/client-ec2/package.json');
  return {
    sdk: (JSON.parse(readFileSync(packagePath, 'utf8')) as { version: string }).version,
    namespace: 'http://ec2.amazonaws.com/doc/2016-11-15/',
    apiVersion: '2016-11-15',
    operations: Object.fromEntries(modelled),
    known: [...operations.keys()].filter((name) => !operationNames.includes(name as never)).sort(),
    shapes: Object.fromEntries([...shapes].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Returns the shape's name: a simple type's own, else its name in `shapes`. */
function addShape(schema: NormalizedSchema, shapes: Map<string, Shape>): string {
  if (schema.isUnitSchema()) return 'unit';
  if (schema.isStructSchema()) {
    const name = schema.getName() ?? '';
    if (shapes.has(name)) return name;
    // Entered before its members, which may refer to it.
    const members: Record<string, Member> = {};
    shapes.set(name, { members });
    const required = requiredNames(schema);
    for (const [key, member] of schema.structIterator()) {
      members[key] = describeMember(key, member, { required: required.has(key), shapes });
    }
    return name;
  }
  if (schema.isListSchema()) {
    const name = schema.getName() ?? '';
    if (!shapes.has(name)) {
      const item = addShape(schema.getValueSchema(), shapes);
      const { xmlName: xml = 'member' } = schema.getValueSchema().getMergedTraits() as NameTraits;
      shapes.set(name, { item, xml });
    }
    return name;
  }
  if (schema.isTimestampSchema()) return 'timestamp';
  if (schema.isBlobSchema()) return 'blob';
  if (schema.isNumericSchema()) return 'number';
  if (schema.isBooleanSchema()) return 'boolean';
  if (schema.isStringSchema()) return 'string';
  throw new Error(`a kind of schema that the protocol does not know: ${schema.getName(true)}`);
}

function describeMember(
  key: string,
  schema: NormalizedSchema,
  { required, shapes }: { readonly required: boolean; readonly shapes: Map<string, Shape> },
): Member {
  const { xmlName: xml = key, ec2QueryName } = schema.getMergedTraits() as NameTraits;
  const query = ec2QueryName ?? xml.charAt(0).toUpperCase() + xml.slice(1);
  return { shape: addShape(schema, shapes), xml, query, ...(required && { required }) };
}

/** A structure's schema ends with the number of its members that are required; they come first. */
function requiredNames(schema: NormalizedSchema): ReadonlySet<string> {
  const raw = schema.getSchema() as readonly unknown[];
  const names = raw[4] as readonly string[];
  const count = typeof raw[6] === 'number' ? raw[6] : 0;
  return new Set(names.slice(0, count));
}

function render(model: Ec2Model): string {
  const table = (entries: object): string =>
    `{\n${Object.entries(entries)
      .map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
      .join(',\n')}\n  }`;
  const fields = Object.entries(model).map(
    ([key, value]: [string, unknown]) =>
      `  ${JSON.stringify(key)}: ${key === 'operations' || key === 'shapes' ? table(value as object) : JSON.stringify(value)}`,
  );
  return `{\n${fields.join(',\n')}\n}\n`;
}

if (import.meta.main) writeFileSync(out, render(generateModel()));
