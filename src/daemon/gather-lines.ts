/**
 * Log lines, written together after a moment: a write for each wakes a thread of the pool, which takes as much of a
 * processor as all else that the line costs. Whoever is killed loses the last moment's.
 */

/** Of pino's destinations: `write` keeps up to its `minLength`, `flush` writes what it has. */
export interface LineBuffer {
  write(line: string): unknown;
  flush(): void;
}

const MOMENT_MS = 20;

export function gatherLines(buffer: LineBuffer): Pick<LineBuffer, 'write'> {
  let isDue = false;
  return {
    write(line) {
      buffer.write(line);
      if (isDue) return;
      isDue = true;
      setTimeout(() => {
        isDue = false;
        buffer.flush();
      }, MOMENT_MS);
    },
  };
}
