/**
 * The one matcher: which security groups a pod has. Controller and agent both run it over their own informers, and
 * nothing else decides; what admission writes on a pod is a hint and is not read here.
 *
 * Policies are the administrator's and come first, merged; then what the tenant has written on the pod, then on its
 * service account.
 */
import { CodedError } from '../errors/coded-error.ts';
import { SECURITY_GROUPS_ANNOTATION } from '../names.ts';
import { isGroupId } from './group-id.ts';
import type { Labels } from './label-selector.ts';
import { type GroupPolicy, means, type Meant } from './policy.ts';
import { sortedGroups } from './set-key.ts';

export interface MatchInput {
  /** `ENABLE_POD_ENI` as the settings have it. */
  readonly podGroupsEnabled: boolean;
  /** In any order; those of other namespaces mean nobody here. */
  readonly policies: readonly GroupPolicy[];
  readonly pod: {
    readonly namespace: string;
    readonly labels: Labels;
    readonly annotations: Readonly<Record<string, string>>;
    /** Pods with hostNetwork have the node's groups, whatever anybody asks for. */
    readonly hostNetwork: boolean;
  };
  readonly serviceAccount: {
    readonly annotations: Readonly<Record<string, string>>;
    /** Absent: it does not exist, or was not seen yet. */
    readonly labels?: Labels;
  };
}

export type GroupRequest =
  /** The pod has the node's groups. */
  | { readonly kind: 'node' }
  /** The pod has these, ids or names, in the order written. */
  | {
      readonly kind: 'groups';
      readonly requested: readonly string[];
      readonly from: 'policy' | 'pod' | 'serviceAccount';
    }
  /** The pod asks in vain and must not run with other groups. */
  | { readonly kind: 'refused'; readonly error: CodedError };

const MAX_GROUPS = 16;

export function matchGroups(input: MatchInput): GroupRequest {
  if (input.pod.hostNetwork) return { kind: 'node' };
  const wish = byPolicies(input) ?? byAnnotation(input);
  if (wish === undefined) return { kind: 'node' };
  if (wish instanceof CodedError) return { kind: 'refused', error: wish };
  const { requested, from, text } = wish;
  if (requested.length > MAX_GROUPS) {
    return refuse('groups-too-many', `${requested.length} groups (${text}), an interface takes at most ${MAX_GROUPS}`);
  }
  if (!input.podGroupsEnabled) return refuse('pod-groups-disabled', text);
  return { kind: 'groups', requested, from };
}

const refuse = (code: CodedError['code'], detail: string): GroupRequest => ({
  kind: 'refused',
  error: new CodedError(code, { detail }),
});

interface Wish {
  readonly requested: readonly string[];
  readonly from: 'policy' | 'pod' | 'serviceAccount';
  /** Who asks for what, for people. */
  readonly text: string;
}

function byPolicies({ policies, pod, serviceAccount }: MatchInput): Wish | CodedError | undefined {
  const { namespace, labels } = pod;
  const subject = { namespace, labels, serviceAccountLabels: serviceAccount.labels };
  const meant = policies
    .map((policy) => ({ policy, name: nameOf(policy), meant: means(policy, subject) }))
    .filter((each) => each.meant.kind !== 'no')
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (meant.length === 0) return undefined;
  // One that cannot be read, and may mean the pod, might give it what the others do not.
  for (const each of meant) {
    const error = unfit(each);
    if (error !== undefined) return error;
  }
  const requested = [...new Set(meant.flatMap(({ policy }) => policy.groupIds))];
  const names = meant.map(({ name }) => name).join(', ');
  const own = pod.annotations[SECURITY_GROUPS_ANNOTATION];
  // An annotation that says the same takes nothing from the policy.
  if (own !== undefined && !sameValues(valuesOf(own), requested)) {
    const detail = `${names} gives it ${requested.join(', ')}, and its annotation asks for "${own}"`;
    return new CodedError('annotation-against-policy', { detail });
  }
  return { requested, from: 'policy', text: `${names} gives it ${requested.join(', ')}` };
}

const nameOf = ({ metadata: { namespace, name } }: GroupPolicy): string => `SecurityGroupPolicy ${namespace}/${name}`;

function unfit(each: { readonly policy: GroupPolicy; readonly name: string; readonly meant: Meant }) {
  const { policy, name, meant } = each;
  if (meant.kind === 'unseen') {
    return new CodedError('service-account-unknown', { detail: `${name} selects by labels of service accounts` });
  }
  const why = meant.kind === 'perhaps' ? meant.why : policy.defect;
  return why === undefined ? undefined : new CodedError('policy-invalid', { detail: `${name}: ${why}` });
}

function byAnnotation({ pod, serviceAccount }: MatchInput): Wish | CodedError | undefined {
  const own = pod.annotations[SECURITY_GROUPS_ANNOTATION];
  const from = own === undefined ? 'serviceAccount' : 'pod';
  const text = own ?? serviceAccount.annotations[SECURITY_GROUPS_ANNOTATION];
  if (text === undefined) return undefined;
  const values = valuesOf(text);
  if (values.some((value) => value === '')) {
    return new CodedError('groups-annotation-malformed', {
      detail: `${SECURITY_GROUPS_ANNOTATION} of the ${from} is "${text}"`,
    });
  }
  return { requested: [...new Set(values)], from, text: `it asks for "${text}"` };
}

const valuesOf = (text: string): readonly string[] => text.split(',').map((value) => value.trim());

const sameValues = (a: readonly string[], b: readonly string[]): boolean =>
  sortedGroups(a).join() === sortedGroups(b).join();

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
