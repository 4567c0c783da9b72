/** Whether BPF programs may be loaded here: root of a user namespace may not. */
import { closeSync } from 'node:fs';

import { KernelError } from '../errors.ts';
import { createNumberArray } from '../ffi/bpf.ts';

export function mayLoadPrograms(): boolean {
  try {
    closeSync(createNumberArray('probe', 1));
    return true;
  } catch (error) {
    if (error instanceof KernelError && error.errno === 'EPERM') return false;
    throw error;
  }
}
