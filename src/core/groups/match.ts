/**
 * The one matcher: which security groups a pod asks for. Controller and agent both run it over their own informers, and
 * nothing else decides; what admission writes on a pod is a hint and is not read here.
 */
import { CodedError } from '../errors/coded-error.ts';
import { SECURITY_GROUPS_ANNOTATION } from '../names.ts';

/** A value is an id by its form and never by existence: `sg-` and 8 or 17 lower-case hex digits. */
export const isGroupId = (value: string): boolean => /^sg-([0-9a-f]{8}|[0-9a-f]{17})$/.test(value);

export interface MatchInput {
  /** `ENABLE_POD_ENI` as the settings have it. */
  readonly podGroupsEnabled: boolean;
  readonly podAnnotations: Readonly<Record<string, string>>;
  /** Pods with hostNetwork have the node's groups and cannot ask for others. */
  readonly hostNetwork: boolean;
  readonly serviceAccountAnnotations: Readonly<Record<string, string>>;
}

export type GroupRequest =
  /** The pod has the node's groups. */
  | { readonly kind: 'node' }
  /** The pod asks for these, ids or names, in the order written. */
  | { readonly kind: 'groups'; readonly requested: readonly string[]; readonly from: 'pod' | 'serviceAccount' }
  /** The pod asks in vain and must not run with other groups. */
  | { readonly kind: 'refused'; readonly error: CodedError };

const MAX_GROUPS = 16;

export function matchGroups(input: MatchInput): GroupRequest {
  const request = requested(input);
  if (request === undefined || input.hostNetwork) return { kind: 'node' };
  const { text, from } = request;
  const values = text.split(',').map((value) => value.trim());
  if (values.some((value) => value === '')) {
    return refuse('groups-annotation-malformed', `${SECURITY_GROUPS_ANNOTATION} of the ${from} is "${text}"`);
  }
  const unique = [...new Set(values)];
  if (unique.length > MAX_GROUPS) {
    return refuse('groups-too-many', `${unique.length} groups, an interface takes at most ${MAX_GROUPS}`);
  }
  if (!input.podGroupsEnabled) return refuse('pod-groups-disabled', `it asks for "${text}"`);
  return { kind: 'groups', requested: unique, from };
}

const refuse = (code: 'groups-annotation-malformed' | 'groups-too-many' | 'pod-groups-disabled', detail: string) =>
  ({ kind: 'refused', error: new CodedError(code, { detail }) }) as const;

function requested(input: MatchInput): { text: string; from: 'pod' | 'serviceAccount' } | undefined {
  const own = input.podAnnotations[SECURITY_GROUPS_ANNOTATION];
  if (own !== undefined) return { text: own, from: 'pod' };
  const inherited = input.serviceAccountAnnotations[SECURITY_GROUPS_ANNOTATION];
  if (inherited !== undefined) return { text: inherited, from: 'serviceAccount' };
  return undefined;
}

export interface NamedGroup {
  readonly id: string;
  readonly nameTag?: string;
  readonly groupName: string;
}

/**
 * Ids of what a pod asked for, sorted. A value that is no id is looked up among `Name` tags, then among group names.
 * @returns a coded error (`group-unknown`, `group-ambiguous`) for the first value that does not resolve.
 */
export function resolveGroups(
  requested: readonly string[],
  known: readonly NamedGroup[],
): readonly string[] | CodedError {
  const ids = new Set<string>();
  for (const value of requested) {
    const id = resolveOne(value, known);
    if (id instanceof CodedError) return id;
    ids.add(id);
  }
  return [...ids].sort();
}

function resolveOne(value: string, known: readonly NamedGroup[]): string | CodedError {
  if (isGroupId(value)) {
    return known.some((group) => group.id === value) ? value : new CodedError('group-unknown', { detail: value });
  }
  const tagged = known.filter((group) => group.nameTag === value);
  const candidates = tagged.length > 0 ? tagged : known.filter((group) => group.groupName === value);
  const [only, second] = candidates;
  if (only === undefined) return new CodedError('group-unknown', { detail: `nothing in this VPC is named "${value}"` });
  if (second !== undefined) {
    return new CodedError('group-ambiguous', {
      detail: `"${value}" may be ${candidates.map((group) => group.id).join(' or ')}`,
    });
  }
  return only.id;
}
