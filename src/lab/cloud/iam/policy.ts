/** IAM policies and the keys that they belong to, as a file says them; what the lab cannot judge is refused at once. */
import { readFileSync } from 'node:fs';

import * as v from 'valibot';

const oneOrMore = v.pipe(
  v.union([v.string(), v.array(v.string())]),
  v.transform((value): readonly string[] => (typeof value === 'string' ? [value] : value)),
);
/** Booleans are written bare too. */
const conditionValues = v.pipe(
  v.union([v.string(), v.boolean(), v.array(v.string())]),
  v.transform((value): readonly string[] => (Array.isArray(value) ? value : [String(value)])),
);

export const operators = [
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringNotLike',
  'ArnEquals',
  'ArnLike',
  'ArnNotEquals',
  'ArnNotLike',
  'Bool',
  'Null',
] as const;
export type Operator = (typeof operators)[number];

/** `ForAllValues:StringLikeIfExists` and its parts. */
const operatorForm = new RegExp(`^(?:(ForAllValues|ForAnyValue):)?(${operators.join('|')})(IfExists)?$`);

const statementSchema = v.strictObject({
  Sid: v.optional(v.string()),
  Effect: v.picklist(['Allow', 'Deny'] as const),
  Action: v.optional(oneOrMore),
  NotAction: v.optional(oneOrMore),
  Resource: v.optional(oneOrMore),
  NotResource: v.optional(oneOrMore),
  Condition: v.optional(
    v.record(
      v.pipe(v.string(), v.regex(operatorForm, 'an operator that the lab does not model')),
      v.record(v.string(), conditionValues),
    ),
  ),
});

const policySchema = v.strictObject({
  Version: v.optional(v.literal('2012-10-17')),
  Id: v.optional(v.string()),
  Statement: v.pipe(
    v.union([v.array(statementSchema), statementSchema]),
    v.transform((value): readonly v.InferOutput<typeof statementSchema>[] => (Array.isArray(value) ? value : [value])),
  ),
});

const keysSchema = v.strictObject({
  keys: v.array(
    v.strictObject({
      accessKeyId: v.pipe(v.string(), v.minLength(1)),
      secretAccessKey: v.pipe(v.string(), v.minLength(1)),
      /** Of the user or role, as refusals name it. */
      arn: v.pipe(v.string(), v.startsWith('arn:')),
      policies: v.array(policySchema),
    }),
  ),
});

export type Statement = v.InferOutput<typeof statementSchema>;
export type Policy = v.InferOutput<typeof policySchema>;
export type AccessKey = v.InferOutput<typeof keysSchema>['keys'][number];

export const readPolicy = (input: unknown): Policy => v.parse(policySchema, input);

/** Throws with what is wrong in it. */
export const readAccessKeys = (input: unknown): ReadonlyMap<string, AccessKey> =>
  new Map(v.parse(keysSchema, input).keys.map((key) => [key.accessKeyId, key]));

export const loadAccessKeys = (path: string): ReadonlyMap<string, AccessKey> =>
  readAccessKeys(JSON.parse(readFileSync(path, 'utf8')));

export interface OperatorParts {
  readonly set: 'ForAllValues' | 'ForAnyValue' | undefined;
  readonly operator: Operator;
  readonly ifExists: boolean;
}

export function splitOperator(text: string): OperatorParts {
  const [, set, operator, ifExists] = operatorForm.exec(text) ?? [];
  return {
    set: set as OperatorParts['set'],
    operator: operator as Operator,
    ifExists: ifExists !== undefined,
  };
}
