/**
 * Kubernetes' label selectors, read as its own machinery reads them. What that refuses (an unknown operator, `In` without
 * values) is kept as such: whoever selects by it cannot know whom it means, and must not take that for nobody.
 */

export type Labels = Readonly<Record<string, string>>;

/** One for all that have none: most service accounts of a cluster. */
export const noLabels: Labels = Object.freeze({});

export type Requirement =
  | { readonly kind: 'in' | 'notIn'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'exists' | 'absent'; readonly key: string }
  | { readonly kind: 'unreadable'; readonly why: string };

/** All must hold; none of them selects everything. */
export type LabelSelector = readonly Requirement[];

export type Selected =
  | { readonly kind: 'yes' }
  | { readonly kind: 'no' }
  /** All that can be read holds. */
  | { readonly kind: 'perhaps'; readonly why: string };

export function select(selector: LabelSelector, labels: Labels): Selected {
  let why: string | undefined;
  for (const requirement of selector) {
    if (requirement.kind === 'unreadable') why ??= requirement.why;
    else if (!holds(requirement, labels)) return { kind: 'no' };
  }
  return why === undefined ? { kind: 'yes' } : { kind: 'perhaps', why };
}

function holds(requirement: Exclude<Requirement, { readonly kind: 'unreadable' }>, labels: Labels): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.kind) {
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notIn':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
  }
}

/**
 * Never throws, whatever it is given.
 * @param field for the reader of what is unreadable, such as `podSelector`.
 * @returns undefined where there is none, which selects nothing; an empty one selects everything.
 */
export function readSelector(raw: unknown, field: string): LabelSelector | undefined {
  if (raw === undefined || raw === null) return undefined;
  if (!isObject(raw)) return [unreadable(`${field} is not an object`)];
  const { matchLabels, matchExpressions } = raw;
  return [
    ...readLabels(matchLabels ?? {}, `${field}.matchLabels`),
    ...readExpressions(matchExpressions ?? [], `${field}.matchExpressions`),
  ];
}

function readLabels(raw: unknown, field: string): readonly Requirement[] {
  if (!isObject(raw)) return [unreadable(`${field} is not an object`)];
  return Object.entries(raw).map(([key, value]) => {
    const why = isKey(key) ? invalidValue(value) : `"${key}" is no key of a label`;
    return why === undefined ? { kind: 'in', key, values: [String(value)] } : unreadable(`${field}: ${why}`);
  });
}

function readExpressions(raw: unknown, field: string): readonly Requirement[] {
  if (!Array.isArray(raw)) return [unreadable(`${field} is not a list`)];
  return raw.map((each: unknown, index) => readExpression(each, `${field}[${index}]`));
}

const kinds = { In: 'in', NotIn: 'notIn', Exists: 'exists', DoesNotExist: 'absent' } as const;
const isOperator = (text: unknown): text is keyof typeof kinds =>
  typeof text === 'string' && Object.hasOwn(kinds, text);

function readExpression(raw: unknown, field: string): Requirement {
  if (!isObject(raw)) return unreadable(`${field} is not an object`);
  const { key, operator, values } = raw;
  if (typeof key !== 'string' || !isKey(key)) return unreadable(`${field}.key is no key of a label`);
  if (!isOperator(operator)) {
    return unreadable(`${field}.operator is ${JSON.stringify(operator)}, not In, NotIn, Exists or DoesNotExist`);
  }
  const list: unknown = values ?? [];
  if (!Array.isArray(list)) return unreadable(`${field}.values is not a list`);
  const kind = kinds[operator];
  if (kind === 'exists' || kind === 'absent') {
    return list.length === 0 ? { kind, key } : unreadable(`${field}: ${operator} takes no values`);
  }
  if (list.length === 0) return unreadable(`${field}: ${operator} needs values`);
  const why = list.map(invalidValue).find((each) => each !== undefined);
  return why === undefined ? { kind, key, values: list.map(String) } : unreadable(`${field}.values: ${why}`);
}

const unreadable = (why: string): Requirement => ({ kind: 'unreadable', why });

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const DNS_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** A name of at most 63 characters, with or without a DNS name before a slash. */
function isKey(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash === -1) return NAME.test(key);
  const prefix = key.slice(0, slash);
  return prefix.length <= 253 && DNS_NAME.test(prefix) && NAME.test(key.slice(slash + 1));
}

const invalidValue = (value: unknown): string | undefined =>
  typeof value === 'string' && (value === '' || NAME.test(value))
    ? undefined
    : `${JSON.stringify(value)} is no value of a label`;
