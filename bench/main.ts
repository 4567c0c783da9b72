/** `npm run bench -- NAME [--output json]`; without a name it says which there are. */
import { parseArgs } from 'node:util';

import type { Bench } from './bench.ts';
import { add } from './benches/add.ts';
import { packets } from './benches/packets.ts';
import { podWiring } from './benches/pod-wiring.ts';
import { setElements } from './benches/set-elements.ts';
import { toJson, toTable } from './report.ts';

const benches: readonly Bench[] = [add, packets, podWiring, setElements];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { output: { type: 'string', default: 'table' } },
});
const [name] = positionals;
const bench = benches.find((one) => one.name === name);
if (bench === undefined) {
  if (name !== undefined) console.error(`there is no bench "${name}"`);
  for (const one of benches) console.log(`${one.name.padEnd(16)}${one.summary}`);
  process.exitCode = name === undefined ? 0 : 2;
} else if (process.getuid?.() !== 0) {
  console.error('benches make network namespaces, which needs root');
  process.exitCode = 1;
} else {
  const measures = await bench.run((text) => console.error(text));
  console.log(values.output === 'json' ? toJson(bench.name, measures) : toTable(bench.name, measures));
}
