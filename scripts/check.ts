/** `npm run check`: types and forbidden imports (project references), lint, format, dead code. */
import { nodeStep, runSteps } from './run-steps.ts';

runSteps([
  nodeStep('types', 'typescript/bin/tsc', '-b'),
  nodeStep('lint', 'oxlint/bin/oxlint', '--type-aware', '--deny-warnings', 'src', 'scripts', 'test', 'bench'),
  nodeStep('format', 'oxfmt/bin/oxfmt', '--check', 'src', 'scripts', 'test', 'bench'),
]);
