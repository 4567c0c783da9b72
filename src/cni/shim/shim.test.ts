import { join } from 'node:path';

import { buildShim } from '../../../scripts/build-shim.ts';
import { shimSuite } from './shim.suite.ts';

let built = 0;
shimSuite('C', async ({ runDir, deadlineMs, delWaitMs }) => {
  const out = join(runDir, `shim-${built++}`);
  const defines = { RUN_DIR: `"${runDir}"`, DEADLINE_MS: String(deadlineMs), DEL_WAIT_MS: String(delWaitMs) };
  await buildShim(out, { defines });
  return { command: out, args: [] };
});

const reference = JSON.stringify(join(import.meta.dirname, 'reference.ts'));
shimSuite('TypeScript', async (options) => {
  const program = `import { runShim } from ${reference};
    process.exitCode = await runShim({ environment: process.env, ...${JSON.stringify(options)} });`;
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program];
  return { command: process.execPath, args: flags };
});
