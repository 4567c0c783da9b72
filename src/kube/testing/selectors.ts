/** Label and field selectors, as far as our rooms use them; the API server's answer to anything else is a refusal. */
import { CodedError } from '../../core/errors/coded-error.ts';
import type { KubeObject, Resource, Selection } from '../port.ts';
import { isObject } from './merge-patch.ts';

export type Matcher = (object: KubeObject) => boolean;

const everywhere = ['metadata.name', 'metadata.namespace'];
const ofPods = ['spec.nodeName', 'spec.serviceAccountName', 'spec.hostNetwork', 'status.phase', 'status.podIP'];

export function createMatcher(resource: Resource, { namespace, labelSelector, fieldSelector }: Selection): Matcher {
  const fields = resource.plural === 'pods' ? [...everywhere, ...ofPods] : everywhere;
  const tests: Matcher[] = [
    ...terms(labelSelector).map(labelTest),
    ...terms(fieldSelector).map((term) => fieldTest(term, fields)),
  ];
  if (resource.namespaced && namespace !== undefined) tests.push(({ metadata }) => metadata.namespace === namespace);
  return (object) => tests.every((test) => test(object));
}

const terms = (selector = ''): string[] =>
  selector
    .split(',')
    .map((term) => term.trim())
    .filter((term) => term !== '');

function labelTest(term: string): Matcher {
  const { key, operator, value } = parse(term);
  if (operator !== undefined) {
    return ({ metadata: { labels } }) => (labels?.[key] === value) === (operator !== '!=');
  }
  if (!/^!?[\w./-]+$/.test(term)) throw new CodedError('kube-refused', { detail: `400 label selector "${term}"` });
  const wanted = !term.startsWith('!');
  return ({ metadata: { labels = {} } }) => Object.hasOwn(labels, term.replace(/^!/, '')) === wanted;
}

function fieldTest(term: string, known: readonly string[]): Matcher {
  const { key, operator, value } = parse(term);
  if (operator === undefined || !known.includes(key)) {
    throw new CodedError('kube-refused', { detail: `400 field label not supported: ${term}` });
  }
  return (object) => (fieldOf(object, key) === value) === (operator !== '!=');
}

function parse(term: string): { key: string; operator: string | undefined; value: string } {
  const [, key = term, operator, value = ''] = /^([^!=]+?)\s*(!=|==|=)\s*(.*)$/.exec(term) ?? [];
  return { key, operator, value };
}

/** An absent field reads as empty: `spec.nodeName=` finds the pods that are not bound. */
function fieldOf(object: KubeObject, path: string): string {
  let value: unknown = object;
  for (const key of path.split('.')) value = isObject(value) ? value[key] : undefined;
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : '';
}
