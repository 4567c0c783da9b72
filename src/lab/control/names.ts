/** Which part or instance a user means. Pure. */
import { CodedError } from '../../core/errors/coded-error.ts';
import type { PartStatus } from '../supervisor/supervisor.ts';
import type { LabInstance } from '../vpc.ts';

/**
 * @param text a node's name, the first label of it, its `Name` tag or its instance id.
 * @throws lab-node-unknown
 */
export function findInstance<T extends LabInstance>(instances: readonly T[], text: string): T {
  const found = instances.find(
    ({ id, name, title }) => [id, name, title].includes(text) || name.split('.')[0] === text,
  );
  if (found !== undefined) return found;
  const known = instances.map(({ title, name }) => `${title} (${name})`).join(', ');
  throw new CodedError('lab-node-unknown', { detail: `${text}; it has ${known}` });
}

/**
 * @param text `apiserver`, or `kubelet@NODE` with a node as in {@link findInstance}; a leading `kube-` may be there or not.
 * @throws lab-part-unknown, lab-node-unknown
 */
export function findPart(
  text: string,
  { parts, instances }: { readonly parts: readonly PartStatus[]; readonly instances: readonly LabInstance[] },
): PartStatus {
  const [program = '', node] = text.split('@');
  const place = node === undefined ? '' : `@${findInstance(instances, node).name}`;
  const bare = program.replace(/^kube-/, '');
  const found = [program, bare, `kube-${bare}`].flatMap((name) => parts.filter((part) => part.name === name + place));
  if (found[0] !== undefined) return found[0];
  const onNodes = parts.some(({ name }) => name.startsWith(`${program}@`));
  const hint = onNodes && node === undefined ? `; say of which node: ${program}@NODE` : '';
  throw new CodedError('lab-part-unknown', { detail: `${text}${hint}` });
}
