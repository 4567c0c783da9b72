/**
 * The image's client: asks each target once, or again and again, and says what became of it.
 *
 *   probe [--timeout MS] [--every MS] [--output text|json] TARGET…
 *
 * Ends with 0 if every target was open, else 1; with --every never by itself.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { type Outcome, probeTarget } from './probe-target.ts';

const { values, positionals: targets } = parseArgs({
  allowPositionals: true,
  options: {
    timeout: { type: 'string', default: '1000' },
    every: { type: 'string' },
    output: { type: 'string', default: 'text' },
  },
});
if (targets.length === 0) {
  process.stderr.write('usage: probe [--timeout MS] [--every MS] [--output text|json] TARGET…\n');
  process.exit(2);
}
process.on('SIGTERM', () => process.exit(0)).on('SIGINT', () => process.exit(0));

const render = (outcome: Outcome): string => {
  if (values.output === 'json') return JSON.stringify(outcome);
  return outcome.open
    ? `open    ${outcome.target}  ${outcome.ms.toFixed(1)} ms`
    : `closed  ${outcome.target}  ${outcome.why}`;
};

for (;;) {
  const timeoutMs = Number(values.timeout);
  const outcomes = await Promise.all(
    targets.map((target) => probeTarget({ target, timeoutMs, now: () => performance.now() })),
  );
  for (const outcome of outcomes) process.stdout.write(`${render(outcome)}\n`);
  if (values.every === undefined) process.exit(outcomes.every(({ open }) => open) ? 0 : 1);
  await delay(Number(values.every));
}
