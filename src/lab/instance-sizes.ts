/** How large a machine of an instance type is. */
import { instanceSizeRows } from './instance-sizes.gen.ts';

export interface InstanceSize {
  readonly vcpus: number;
  readonly memoryMib: number;
}

export function instanceSize(type: string): InstanceSize {
  const row = Object.hasOwn(instanceSizeRows, type) ? instanceSizeRows[type] : undefined;
  if (row === undefined) throw new Error(`the lab knows no size of the instance type ${type}`);
  const [vcpus, memoryMib] = row;
  return { vcpus, memoryMib };
}
