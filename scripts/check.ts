/** `npm run check`: format, lint, types (with the arrows between rooms), forbidden imports, dead code. */
import { nodeStep, runSteps } from './run-steps.ts';

runSteps([
  nodeStep('format', 'oxfmt/bin/oxfmt', '--check', '.'),
  nodeStep('lint', 'oxlint/bin/oxlint', '--type-aware', '--deny-warnings', '.'),
  nodeStep('types', 'typescript/bin/tsc', '-b'),
  nodeStep('imports', 'scripts/check-imports.ts'),
  nodeStep('dead code', 'knip/bin/knip.js', '--no-progress', '--treat-config-hints-as-errors'),
]);
