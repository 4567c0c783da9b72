import { afterEach, describe, expect, it } from 'vitest';

import { createInformer, type InformerOptions } from './informer.ts';
import { silentLog } from '../daemon/log.ts';
import type { ConfigMap } from './objects.ts';
import type { Change, Informer } from './port.ts';
import { resources } from './resources.ts';
import { createKubeDouble, type Verb } from './testing/double.ts';
import { createTestClock, settle } from './testing/test-clock.ts';

const { configMaps, nodes } = resources;

describe('an informer', () => {
  const running: Informer<unknown>[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((informer) => informer.stop()));
  });

  const world = (options: Partial<InformerOptions<ConfigMap, string>> = {}) => {
    const kube = createKubeDouble();
    const clock = createTestClock();
    const errors: unknown[] = [];
    const changes: Change<string>[] = [];
    const start = (): Informer<string> => {
      const informer = createInformer<ConfigMap, string>({
        kube,
        resource: configMaps,
        project: ({ data }) => data?.['value'] ?? '',
        clock,
        random: () => 0,
        logger: silentLog,
        onError: (error) => errors.push(error),
        ...options,
      });
      informer.onChange((change) => changes.push(change));
      running.push(informer);
      return informer;
    };
    const create = (name: string, value: string, namespace = 'default'): Promise<ConfigMap> =>
      kube.create<ConfigMap>(configMaps, { metadata: { name, namespace }, data: { value } });
    const change = (name: string, value: string): Promise<ConfigMap> =>
      kube.patch<ConfigMap>(configMaps, { name, namespace: 'default' }, { type: 'merge', body: { data: { value } } });
    const remove = (name: string): Promise<void> => kube.delete(configMaps, { name, namespace: 'default' });
    const verbs = (): Verb[] =>
      kube.calls.map(({ verb }) => verb).filter((verb) => verb === 'list' || verb === 'watch');
    return { kube, clock, errors, changes, start, create, change, remove, verbs };
  };
  const one = { name: 'one', namespace: 'default' };
  const two = { name: 'two', namespace: 'default' };

  it('knows what there is, then follows what happens', async () => {
    const { start, create, change, remove, changes, verbs } = world();
    await create('one', 'a');
    const informer = start();
    expect(informer.hasSynced()).toBe(false);
    await informer.synced;
    expect(informer.get(one)).toBe('a');
    await create('two', 'b');
    await change('one', 'c');
    await remove('two');
    await settle();
    expect(informer.all()).toEqual(['c']);
    expect(changes).toEqual([
      { ref: one, object: 'a' },
      { ref: undefined, object: undefined },
      { ref: two, object: 'b' },
      { ref: one, object: 'c', previous: 'a' },
      { ref: two, object: undefined, previous: 'b' },
    ]);
    expect(verbs()).toEqual(['list', 'watch']);
  });

  it('tells of the first list even when it is empty', async () => {
    const { start, changes } = world();
    const informer = start();
    await informer.synced;
    expect(changes).toEqual([{ ref: undefined, object: undefined }]);
    expect(informer.hasSynced()).toBe(true);
  });

  it('has the whole list in its cache before it tells of the first object', async () => {
    const { create, start } = world();
    await create('one', 'a');
    await create('two', 'b');
    const informer = start();
    const seen: (readonly string[])[] = [];
    informer.onChange(() => seen.push(informer.all()));
    await informer.synced;
    expect(seen[0]).toEqual(['a', 'b']);
  });

  it('keeps objects of the same name in two namespaces apart', async () => {
    const { create, start } = world();
    await create('one', 'here');
    await create('one', 'there', 'kube-system');
    const informer = start();
    await informer.synced;
    expect(informer.get(one)).toBe('here');
    expect(informer.get({ name: 'one', namespace: 'kube-system' })).toBe('there');
  });

  it('finds objects of the cluster by their name alone', async () => {
    const { kube, start } = world({ resource: nodes, project: ({ metadata }) => metadata.name });
    await kube.create(nodes, { metadata: { name: 'node-a' } });
    const informer = start();
    await informer.synced;
    expect(informer.get({ name: 'node-a' })).toBe('node-a');
  });

  it('sees only what it selects', async () => {
    const { create, start } = world({ selection: { namespace: 'default', fieldSelector: 'metadata.name=one' } });
    const informer = start();
    await informer.synced;
    await create('two', 'b');
    await create('one', 'a');
    await create('one', 'z', 'kube-system');
    await settle();
    expect(informer.all()).toEqual(['a']);
  });

  it('watches again from where it was when the server ends the watch', async () => {
    const { clock, kube, start, create, verbs, errors } = world();
    const informer = start();
    await informer.synced;
    await create('one', 'a');
    await settle();
    kube.endWatches();
    await create('two', 'b');
    await clock.advance(0);
    expect(informer.all()).toEqual(['a', 'b']);
    expect(verbs()).toEqual(['list', 'watch', 'watch']);
    expect(errors).toEqual([]);
  });

  it('begins after a bookmark, so that a quiet resource never falls behind', async () => {
    const { kube, start, create, verbs, clock } = world();
    const informer = start();
    await informer.synced;
    await settle();
    for (let count = 0; count < 5; count += 1) await kube.create(nodes, { metadata: { name: `node-${count}` } });
    kube.sendBookmarks();
    await clock.advance(2_000);
    kube.endWatches();
    await create('one', 'a');
    await clock.advance(0);
    expect(informer.all()).toEqual(['a']);
    expect(verbs()).toEqual(['list', 'watch', 'watch']);
  });

  it('lists again at once when it has fallen behind, and notices what went away meanwhile', async () => {
    const { kube, start, create, remove, change, verbs, changes, clock } = world();
    await create('one', 'a');
    await create('two', 'b');
    await create('three', 'c');
    const informer = start();
    await informer.synced;
    await settle();
    changes.length = 0;
    kube.setReachable(false);
    kube.setReachable(true);
    await remove('two');
    await change('one', 'd');
    await create('four', 'e');
    kube.expireHistory();
    await clock.advance(1_000);
    expect([...informer.all()].sort()).toEqual(['c', 'd', 'e']);
    expect(changes).toEqual([
      { ref: two, object: undefined, previous: 'b' },
      { ref: { ...one, name: 'four' }, object: 'e' },
      { ref: one, object: 'd', previous: 'a' },
    ]);
    expect(verbs().slice(-2)).toEqual(['list', 'watch']);
  });

  it('serves what it knows while the server is away, waits longer each time, and catches up by itself', async () => {
    const { kube, clock, start, create, errors } = world();
    await create('one', 'a');
    const informer = start();
    await informer.synced;
    await settle();
    kube.setReachable(false);
    const waits: (number | undefined)[] = [];
    for (let count = 0; count < 9; count += 1) {
      await settle();
      const [wait = 0] = clock.sleepers();
      waits.push(wait);
      await clock.advance(wait);
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    expect(informer.all()).toEqual(['a']);
    expect(errors).toHaveLength(10);
    kube.setReachable(true);
    await create('two', 'b');
    await clock.advance(30_000);
    expect(informer.all()).toEqual(['a', 'b']);
  });

  it('takes a kind that the server does not know for empty, if it may be absent, until there is one', async () => {
    const { kube, clock, start, create, errors } = world({ mayBeAbsent: true });
    for (let count = 0; count < 3; count += 1) kube.failNext('kube-not-found', { verb: 'list' });
    const informer = start();
    await settle();
    expect(informer.hasSynced()).toBe(true);
    await create('one', 'a');
    await clock.advance(5_000);
    expect(informer.all()).toEqual(['a']);
    expect(errors).toEqual([]);
  });

  it('knows nothing of a kind that it may not list, and nothing of one that may not be absent', async () => {
    for (const [code, mayBeAbsent] of [
      ['kube-refused', true],
      ['kube-unreachable', true],
      ['kube-not-found', false],
    ] as const) {
      const { kube, clock, start } = world({ mayBeAbsent });
      kube.failNext(code, { verb: 'list' });
      const informer = start();
      await settle();
      expect(informer.hasSynced(), code).toBe(false);
      await clock.advance(1_000);
      expect(informer.hasSynced()).toBe(true);
    }
  });

  it('gives up objects of a kind that has vanished when that was said twice in a row', async () => {
    const { kube, clock, start, create, changes } = world({ mayBeAbsent: true });
    await create('one', 'a');
    const informer = start();
    await informer.synced;
    await settle();
    changes.length = 0;
    const vanish = (): void => kube.failNext('kube-not-found', { verb: 'list' });
    vanish();
    kube.failNext('kube-unreachable', { verb: 'list' });
    vanish();
    kube.expireHistory();
    await clock.advance(10_000);
    expect(changes).toEqual([]);
    vanish();
    vanish();
    kube.expireHistory();
    await clock.advance(10_000);
    expect(changes).toEqual([
      { ref: one, object: undefined, previous: 'a' },
      { ref: one, object: 'a' },
    ]);
  });

  it('goes on after whatever else the server answers', async () => {
    const { kube, clock, start, create } = world();
    kube.failNext('kube-refused', { verb: 'list' });
    kube.failNext('kube-not-found', { verb: 'list' });
    kube.failNext('kube-refused', { verb: 'watch' });
    await create('one', 'a');
    const informer = start();
    await clock.advance(10_000);
    await create('two', 'b');
    await settle();
    expect(informer.all()).toEqual(['a', 'b']);
  });

  it('does not ask without a pause a server that ends every watch at once', async () => {
    const { kube, clock, start, verbs } = world();
    const informer = start();
    await informer.synced;
    await settle();
    const before = verbs().length;
    for (let count = 0; count < 5; count += 1) {
      kube.endWatches();
      await clock.advance(10);
    }
    expect(verbs().length - before).toBe(0);
  });

  it('counts an object that it cannot read as absent, and goes on', async () => {
    const project = ({ data }: ConfigMap): string => {
      if (data?.['value'] === 'unreadable') throw new Error('cannot be read');
      return data?.['value'] ?? '';
    };
    const { start, create, change, errors } = world({ project });
    await create('one', 'a');
    const informer = start();
    await informer.synced;
    await change('one', 'unreadable');
    await create('two', 'b');
    await settle();
    expect(informer.all()).toEqual(['b']);
    expect(errors).toHaveLength(1);
  });

  it('is not stopped by a listener that throws', async () => {
    const { start, create } = world();
    const informer = start();
    informer.onChange(() => {
      throw new Error('a listener of little worth');
    });
    await informer.synced;
    await create('one', 'a');
    await settle();
    expect(informer.all()).toEqual(['a']);
  });

  it('tells nobody who has unsubscribed, and nothing after its stop', async () => {
    const { start, create, changes } = world();
    const informer = start();
    const others: unknown[] = [];
    const leave = informer.onChange((change) => others.push(change));
    await informer.synced;
    leave();
    await create('one', 'a');
    await settle();
    await informer.stop();
    await create('two', 'b');
    await settle();
    expect(others).toHaveLength(1);
    expect(changes.map(({ ref }) => ref?.name)).toEqual([undefined, 'one']);
  });

  it('stops in the middle of a back-off', async () => {
    const { kube, clock, start } = world();
    kube.setReachable(false);
    const informer = start();
    await settle();
    expect(clock.sleepers()).toHaveLength(1);
    await informer.stop();
    expect(clock.sleepers()).toEqual([]);
  });
});
