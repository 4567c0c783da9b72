/** Tests that make network namespaces: run by root, of the machine or of a user namespace; otherwise skipped, with the reason. */
import { describe, it } from 'vitest';

export const isRoot = process.getuid?.() === 0;
const reason = isRoot ? '' : ' (only root can make network namespaces)';

export const describeAsRoot = (title: string, tests: () => void): void => {
  describe.skipIf(!isRoot)(title + reason, tests);
};
export const itAsRoot = (title: string, test: () => void | Promise<void>): void => {
  it.skipIf(!isRoot)(title + reason, test);
};
