/** What people see: the only module of the CLI that writes to the screen. Progress goes to stderr, results to stdout. */
import pc from 'picocolors';

export interface Output {
  /** Runs `work` and says its title, with its duration once it is done. */
  readonly step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
  /** Replaces the progress line of the running step where the screen is a terminal. */
  readonly progress: (text: string) => void;
  readonly say: (text: string) => void;
  /** The command's result. */
  readonly result: (text: string) => void;
  readonly error: (text: string) => void;
}

export function terminalOutput(): Output {
  const live = process.stderr.isTTY;
  let onLine = false;
  const clear = (): void => {
    if (onLine) process.stderr.write('\r\u001b[K');
    onLine = false;
  };
  const say = (text: string): void => {
    clear();
    console.error(text);
  };
  let lastProgress = 0;
  return {
    async step(title, work) {
      const started = performance.now();
      if (live) {
        process.stderr.write(pc.dim(`… ${title}`));
        onLine = true;
      }
      try {
        const result = await work();
        say(`${pc.green('✓')} ${title} ${pc.dim(`(${seconds(performance.now() - started)})`)}`);
        return result;
      } catch (error) {
        say(`${pc.red('✗')} ${title} ${pc.dim(`(${seconds(performance.now() - started)})`)}`);
        throw error;
      }
    },
    progress(text) {
      if (live) {
        clear();
        process.stderr.write(pc.dim(`… ${text}`));
        onLine = true;
      } else if (performance.now() - lastProgress > 15_000) {
        // A log file wants a sign of life, not every step of it.
        lastProgress = performance.now();
        console.error(`  ${text}`);
      }
    },
    say,
    result(text) {
      clear();
      console.log(text);
    },
    error(text) {
      say(`${pc.red('error:')} ${text}`);
    },
  };
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
