/** The pods of each node, kept beside the cache: a scan of all pods for each node would grow with their product. */
import type { Informer } from '../kube/port.ts';
import type { PodView } from './views.ts';

export interface PodsByNode {
  of(node: string): readonly PodView[];
}

export function indexPods(pods: Pick<Informer<PodView>, 'all' | 'onChange'>): PodsByNode {
  const nodes = new Map<string, Map<string, PodView>>();
  const keyOf = ({ namespace, name }: PodView): string => `${namespace}/${name}`;
  const put = (pod: PodView): void => {
    const members = nodes.get(pod.node) ?? new Map<string, PodView>();
    members.set(keyOf(pod), pod);
    nodes.set(pod.node, members);
  };
  const remove = (pod: PodView): void => {
    const members = nodes.get(pod.node);
    members?.delete(keyOf(pod));
    if (members?.size === 0) nodes.delete(pod.node);
  };
  for (const pod of pods.all()) put(pod);
  pods.onChange(({ object, previous }) => {
    if (previous !== undefined) remove(previous);
    if (object !== undefined) put(object);
  });
  return { of: (node) => [...(nodes.get(node)?.values() ?? [])] };
}
