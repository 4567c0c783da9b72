/** Whether policies allow one action on one resource: a deny wins, then an allow, and what nobody allows is denied. */
import { type OperatorParts, type Policy, type Statement, splitOperator } from './policy.ts';

export interface Access {
  /** `ec2:CreateTags` */
  readonly action: string;
  readonly resource: string;
  /** Condition keys and their values; keys are compared without regard to case. */
  readonly context: Readonly<Record<string, readonly string[]>>;
}

export type Decision = 'allowed' | 'denied' | 'not-allowed';

export function evaluatePolicies(policies: readonly Policy[], access: Access): Decision {
  const matching = policies.flatMap(({ Statement }) => Statement).filter((statement) => matches(statement, access));
  if (matching.some(({ Effect }) => Effect === 'Deny')) return 'denied';
  return matching.length > 0 ? 'allowed' : 'not-allowed';
}

function matches(statement: Statement, access: Access): boolean {
  const { Action, NotAction, Resource, NotResource, Condition } = statement;
  const named = (patterns: readonly string[], text: string): boolean => patterns.some((each) => like(each, text));
  const action = access.action.toLowerCase();
  const lower = (patterns: readonly string[]): readonly string[] => patterns.map((each) => each.toLowerCase());
  if (Action !== undefined && !named(lower(Action), action)) return false;
  if (NotAction !== undefined && named(lower(NotAction), action)) return false;
  if (Resource !== undefined && !named(Resource, access.resource)) return false;
  if (NotResource !== undefined && named(NotResource, access.resource)) return false;
  return Object.entries(Condition ?? {}).every(([operator, tests]) =>
    Object.entries(tests).every(([key, wanted]) => holds(splitOperator(operator), valuesOf(access, key), wanted)),
  );
}

function valuesOf({ context }: Access, key: string): readonly string[] | undefined {
  const lower = key.toLowerCase();
  return Object.entries(context).find(([name]) => name.toLowerCase() === lower)?.[1];
}

function holds(
  { set, operator, ifExists }: OperatorParts,
  values: readonly string[] | undefined,
  wanted: readonly string[],
): boolean {
  if (operator === 'Null') return wanted.includes(String(values === undefined));
  const negative = operator.includes('Not');
  if (values === undefined || values.length === 0)
    return ifExists || set === 'ForAllValues' || (set === undefined && negative);
  const test = (value: string): boolean => {
    const found = wanted.some((pattern) => compare(operator, pattern, value));
    return negative ? !found : found;
  };
  return set === 'ForAllValues' || (set === undefined && negative) ? values.every(test) : values.some(test);
}

function compare(operator: OperatorParts['operator'], pattern: string, value: string): boolean {
  if (operator.endsWith('IgnoreCase') || operator === 'Bool') return pattern.toLowerCase() === value.toLowerCase();
  if (operator === 'StringEquals' || operator === 'StringNotEquals') return pattern === value;
  return like(pattern, value);
}

/** `*` and `?` of policies. */
function like(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[\\^$.+()[\]{}|]/g, String.raw`\$&`)
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${source}$`).test(text);
}
