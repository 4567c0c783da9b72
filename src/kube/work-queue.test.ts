import { describe, expect, it } from 'vitest';

import { createTestClock, settle, type TestClock } from './testing/test-clock.ts';
import { createWorkQueue, type WorkFailure, type WorkQueue, type WorkQueueOptions } from './work-queue.ts';

interface Bench {
  readonly queue: WorkQueue;
  readonly clock: TestClock;
  /** Keys whose work has begun, in order. */
  readonly begun: string[];
  readonly failures: WorkFailure[];
  /** Ends the oldest piece of work on the key. */
  readonly finish: (key: string, error?: Error) => Promise<void>;
}

/** Work lasts until the test ends it. */
function bench(options: Partial<WorkQueueOptions> = {}): Bench {
  const clock = createTestClock();
  const begun: string[] = [];
  const failures: WorkFailure[] = [];
  const ends: { readonly key: string; readonly end: (error?: Error) => void }[] = [];
  const queue = createWorkQueue({
    process: (key) => {
      begun.push(key);
      return new Promise((resolve, reject) => {
        ends.push({ key, end: (error) => (error === undefined ? resolve() : reject(error)) });
      });
    },
    clock,
    random: () => 0,
    concurrency: 2,
    onError: (failure) => failures.push(failure),
    ...options,
  });
  return {
    queue,
    clock,
    begun,
    failures,
    finish: async (key, error) => {
      const index = ends.findIndex((work) => work.key === key);
      if (index === -1) throw new Error(`nobody works on ${key}`);
      ends.splice(index, 1)[0]?.end(error);
      await settle();
    },
  };
}

describe('a work queue', () => {
  it('works on a key that is added several times once', async () => {
    const { queue, begun, finish } = bench();
    queue.add('busy');
    queue.add('busier');
    for (let count = 0; count < 3; count += 1) queue.add('a');
    expect(queue.size()).toBe(1);
    await settle();
    await finish('busy');
    await finish('busier');
    expect(begun).toEqual(['busy', 'busier', 'a']);
    expect(queue.size()).toBe(0);
  });

  it('works again on a key that is added while it is worked on, and never twice at a time', async () => {
    const { queue, begun, finish } = bench();
    queue.add('a');
    await settle();
    queue.add('a');
    queue.add('a');
    await settle();
    expect(begun).toEqual(['a']);
    await finish('a');
    expect(begun).toEqual(['a', 'a']);
    await finish('a');
    expect(begun).toEqual(['a', 'a']);
  });

  it('keeps to its number of workers, and to the order of arrival', async () => {
    const { queue, begun, finish } = bench();
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
    await settle();
    expect(begun).toEqual(['a', 'b']);
    await finish('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    await finish('a');
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('lets a key that is worked on block no other', async () => {
    const { queue, begun } = bench();
    queue.add('a');
    await settle();
    queue.add('a');
    queue.add('b');
    await settle();
    expect(begun).toEqual(['a', 'b']);
  });

  it('begins when it was told to, and at the earlier of two times', async () => {
    const { queue, begun, clock } = bench();
    queue.add('later', { afterMs: 500 });
    queue.add('soon', { afterMs: 200 });
    queue.add('later', { afterMs: 100 });
    queue.add('later', { afterMs: 900 });
    await clock.advance(99);
    expect(begun).toEqual([]);
    await clock.advance(1);
    expect(begun).toEqual(['later']);
    await clock.advance(100);
    expect(begun).toEqual(['later', 'soon']);
  });

  it('tries a failed key again, later each time up to a limit, and anew from the start after a success', async () => {
    const { queue, clock, failures, finish } = bench({ backoff: { baseMs: 100, capMs: 400 } });
    queue.add('a');
    for (let count = 0; count < 4; count += 1) {
      await clock.advance(400);
      await finish('a', new Error('no'));
    }
    expect(failures.map(({ retryInMs }) => retryInMs)).toEqual([50, 100, 200, 200]);
    expect(failures.map(({ failures }) => failures)).toEqual([1, 2, 3, 4]);
    await clock.advance(200);
    await finish('a');
    queue.add('a');
    await settle();
    await finish('a', new Error('no'));
    expect(failures.at(-1)).toMatchObject({ key: 'a', failures: 1, retryInMs: 50 });
  });

  it('holds up no other key for one that fails', async () => {
    const { queue, begun, finish } = bench({ concurrency: 1 });
    queue.add('bad');
    queue.add('good');
    await settle();
    await finish('bad', new Error('no'));
    expect(begun).toEqual(['bad', 'good']);
  });

  it('tries at once, news being a reason, when a failed key is added', async () => {
    const { queue, begun, finish } = bench();
    queue.add('a');
    await settle();
    await finish('a', new Error('no'));
    queue.add('a');
    await settle();
    expect(begun).toEqual(['a', 'a']);
  });

  it('comes back to a key when its work asks for it', async () => {
    const begun: string[] = [];
    const { queue, clock } = bench({
      process: (key) => {
        begun.push(key);
        return Promise.resolve(begun.length === 1 ? { afterMs: 1_000 } : {});
      },
    });
    queue.add('a');
    await clock.advance(999);
    expect(begun).toEqual(['a']);
    await clock.advance(1);
    expect(begun).toEqual(['a', 'a']);
    await clock.advance(10_000);
    expect(begun).toEqual(['a', 'a']);
  });

  it('takes work that throws before its first await as failed', async () => {
    const { queue, failures } = bench({
      process: () => {
        throw new Error('at once');
      },
    });
    queue.add('a');
    await settle();
    expect(failures).toHaveLength(1);
  });

  it('stops: asks those at work to end, waits for them, and begins nothing more', async () => {
    const begun: string[] = [];
    const { queue, clock, failures } = bench({
      concurrency: 1,
      process: (key, signal) => {
        begun.push(key);
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('stopped')));
        });
      },
    });
    queue.add('a');
    queue.add('b');
    queue.add('c', { afterMs: 100 });
    await settle();
    await queue.stop();
    queue.add('d');
    await clock.advance(10_000);
    expect(begun).toEqual(['a']);
    expect(failures).toEqual([]);
    expect(clock.sleepers()).toEqual([]);
  });
});
