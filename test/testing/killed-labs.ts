/** Labs that are ended by SIGKILL at a random moment, half of them with everything that they have started. */
import { expect, it } from 'vitest';

import { mulberry32 } from './random.ts';
import { exited, reapLabs, startLabProcess } from './lab-process.ts';
import { labTraces, machineNetwork } from './traces.ts';

/** A bare lab is up after about that long; later moments meet one that runs. */
const LATEST_MS = 16_000;

export function killedLabs(options: { readonly name: string; readonly count: number; readonly seed: number }): void {
  const { name, count, seed } = options;
  const random = mulberry32(seed);
  const moments = Array.from({ length: count }, (_, index) => ({
    afterMs: Math.round(random() * LATEST_MS),
    what: index % 2 === 0 ? ('its process' as const) : ('everything' as const),
  }));
  it.each(moments)(
    `leaves nothing when $what is killed after $afterMs ms (seed ${seed})`,
    async ({ afterMs, what }) => {
      const before = await machineNetwork();
      const lab = startLabProcess(name, ['--bare', '--latency', 'fast']);
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      if (what === 'everything') for (const pid of pidsOf(name)) kill(pid);
      lab.child.kill('SIGKILL');
      await exited(lab.child);
      const { code, stderr } = await reapLabs();
      expect(code, stderr).toBe(0);
      expect(labTraces(name)).toEqual([]);
      expect(await machineNetwork()).toBe(before);
    },
  );
}

const pidsOf = (name: string): readonly number[] =>
  labTraces(name).flatMap((line) => {
    const pid = /^process (\d+) /.exec(line)?.[1];
    return pid === undefined ? [] : [Number(pid)];
  });

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
