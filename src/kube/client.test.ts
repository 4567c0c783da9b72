import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

import { createKube, type KubeClient, type KubeOptions } from './client.ts';
import { systemClock } from './clock.ts';
import type { Credentials, KubeConfig } from './config.ts';
import { createInformer } from './informer.ts';
import { kubeContract } from './kube.suite.ts';
import { kubeconfigConfig } from './kubeconfig.ts';
import { silentLog } from '../daemon/log.ts';
import type { ConfigMap } from './objects.ts';
import type { WatchEvent } from './port.ts';
import { resources } from './resources.ts';
import { anotherCa, ca } from './testing/certificates.ts';
import { answer, startStubServer, statusOf, type StubHandler, type StubServer } from './testing/stub-server.ts';
import { createTestClock, settle } from './testing/test-clock.ts';

const { configMaps } = resources;
const ref = { name: 'one', namespace: 'default' };
const object = { metadata: { ...ref, resourceVersion: '7' }, data: {} };
const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
const random = (): number => 0;

describe('the client, against a bare server', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const start = async (
    handle: StubHandler,
    { config = {}, ...options }: Partial<Omit<KubeOptions, 'config'>> & { readonly config?: Partial<KubeConfig> } = {},
  ): Promise<{ server: StubServer; kube: KubeClient }> => {
    const server = await startStubServer(handle);
    const credentials = (): Credentials => ({ ca, token: 'secret' });
    const kube = createKube({
      config: { server: server.url, credentials, ...config },
      clock: createTestClock(),
      random,
      ...options,
    });
    cleanups.push(
      () => server.close(),
      () => kube.close(),
    );
    return { server, kube };
  };
  const watch = (kube: KubeClient, signal = new AbortController().signal): AsyncIterator<WatchEvent<ConfigMap>> =>
    kube.watch<ConfigMap>(configMaps, { resourceVersion: '5', signal })[Symbol.asyncIterator]();

  describe('connections', () => {
    it('carry the token and are used again', async () => {
      const { kube, server } = await start((_, response) => answer(response, 200, object));
      for (let count = 0; count < 3; count += 1) expect(await kube.get(configMaps, ref)).toEqual(object);
      expect(server.requests.map(({ path }) => path)).toEqual(
        Array.from({ length: 3 }, () => '/api/v1/namespaces/default/configmaps/one'),
      );
      expect(server.requests[0]?.headers.authorization).toBe('Bearer secret');
      expect(server.connections()).toBe(1);
    });

    it('are not made to a server whose certificate another CA signed', async () => {
      const { kube, server } = await start((_, response) => answer(response, 200, object), {
        config: { credentials: () => ({ ca: anotherCa, token: 'secret' }) },
      });
      await expect(kube.get(configMaps, ref)).rejects.toMatchObject({ code: 'kube-unreachable' });
      expect(server.requests).toEqual([]);
    });

    it('check the name that the configuration gives for the server', async () => {
      const handle: StubHandler = (_, response) => answer(response, 200, object);
      const right = await start(handle, { config: { tlsServerName: 'kube.test' } });
      expect(await right.kube.get(configMaps, ref)).toEqual(object);
      const wrong = await start(handle, { config: { tlsServerName: 'other.test' } });
      await expect(wrong.kube.get(configMaps, ref)).rejects.toMatchObject({ code: 'kube-unreachable' });
    });

    it('are never made without TLS', async () => {
      const config = { server: 'http://127.0.0.1:1', credentials: () => ({}) };
      const make = (): KubeClient => createKube({ config, clock: createTestClock(), random });
      expect(make).toThrow(expect.objectContaining({ code: 'kube-config-invalid' }));
    });

    it('that nobody answers are kube-unreachable', async () => {
      const { kube, server } = await start(() => undefined);
      await server.close();
      await expect(kube.get(configMaps, ref)).rejects.toMatchObject({ code: 'kube-unreachable' });
    });

    it('on which no answer comes in time are given up', async () => {
      const clock = createTestClock();
      const arrived = Promise.withResolvers<void>();
      const { kube } = await start(() => arrived.resolve(), { clock, timeoutMs: 5_000 });
      const outcome = expect(kube.get(configMaps, ref)).rejects.toMatchObject({
        code: 'kube-unreachable',
        detail: expect.stringContaining('no answer within 5000 ms') as string,
      });
      await arrived.promise;
      await clock.advance(5_000);
      await outcome;
    });

    it('to an answer that ends in the middle are kube-unreachable', async () => {
      const { kube } = await start((_, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{"metadata":', () => response.destroy());
      });
      await expect(kube.get(configMaps, ref)).rejects.toMatchObject({ code: 'kube-unreachable' });
    });
  });

  describe('a token that the server refuses', () => {
    const only =
      (token: string): StubHandler =>
      ({ headers }, response) =>
        headers.authorization === `Bearer ${token}`
          ? answer(response, 200, object)
          : answer(response, 401, statusOf(401, 'Unauthorized'));

    it('is read again, and the request repeated once', async () => {
      const tokens = ['old', 'new', 'newer'];
      const credentials = (): Credentials => ({ ca, token: tokens.shift() ?? 'none' });
      const { kube, server } = await start(only('new'), { config: { credentials } });
      expect(await kube.get(configMaps, ref)).toEqual(object);
      expect(await kube.get(configMaps, ref)).toEqual(object);
      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
        'Bearer old',
        'Bearer new',
        'Bearer new',
      ]);
    });

    it('is refused for good when no other is to be had', async () => {
      const { kube, server } = await start(only('other'));
      await expect(kube.get(configMaps, ref)).rejects.toMatchObject({ code: 'kube-refused' });
      expect(server.requests).toHaveLength(1);
    });

    it('is read again once a minute anyway', async () => {
      const clock = createTestClock();
      let reads = 0;
      const credentials = (): Credentials => ({ ca, token: `token-${(reads += 1)}` });
      const { kube, server } = await start((_, response) => answer(response, 200, object), {
        clock,
        config: { credentials },
      });
      await kube.get(configMaps, ref);
      await clock.advance(59_000);
      await kube.get(configMaps, ref);
      await clock.advance(1_000);
      await kube.get(configMaps, ref);
      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
        'Bearer token-1',
        'Bearer token-1',
        'Bearer token-2',
      ]);
    });
  });

  it.each([
    [400, 'kube-refused'],
    [401, 'kube-refused'],
    [403, 'kube-refused'],
    [404, 'kube-not-found'],
    [409, 'kube-conflict'],
    [410, 'kube-expired'],
    [422, 'kube-refused'],
    [429, 'kube-unreachable'],
    [500, 'kube-unreachable'],
    [503, 'kube-unreachable'],
  ])('puts %i as %s, with what the server said', async (status, code) => {
    const { kube } = await start((_, response) => answer(response, status, statusOf(status, 'the reason')));
    const patch = kube.patch(configMaps, ref, { type: 'merge', body: {} });
    await expect(patch).rejects.toMatchObject({ code, detail: expect.stringContaining('the reason') as string });
  });

  it('never sends a name that would address something else', async () => {
    const { kube, server } = await start((_, response) => answer(response, 200, object));
    for (const name of ['', '.', '..']) {
      await expect(kube.delete(configMaps, { name, namespace: 'default' })).rejects.toThrow(TypeError);
    }
    await kube.delete(configMaps, { name: '../../secrets?x', namespace: 'default' });
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/api/v1/namespaces/default/configmaps/..%2F..%2Fsecrets%3Fx',
    ]);
  });

  describe('lists', () => {
    const item = (name: string): ConfigMap => ({ metadata: { name, namespace: 'default' } });
    const page = (names: string[], next = ''): object => ({
      metadata: { resourceVersion: '9', continue: next },
      items: names.map(item),
    });

    it('are put together from their pages', async () => {
      const { kube, server } = await start(({ path }, response) =>
        answer(response, 200, path.includes('continue=') ? page(['b']) : page(['a'], 'token&1')),
      );
      const list = await kube.list(configMaps, { namespace: 'default', labelSelector: 'a=b,c' });
      expect(list).toEqual({ items: [item('a'), item('b')], resourceVersion: '9' });
      expect(server.requests.map(({ path }) => path)).toEqual([
        '/api/v1/namespaces/default/configmaps?labelSelector=a%3Db%2Cc&limit=500',
        '/api/v1/namespaces/default/configmaps?labelSelector=a%3Db%2Cc&limit=500&continue=token%261',
      ]);
    });

    it('are asked for whole when the server forgets the place between two pages', async () => {
      const { kube } = await start(({ path }, response) => {
        if (path.includes('continue='))
          answer(response, 410, statusOf(410, 'the provided continue parameter is too old'));
        else answer(response, 200, path.includes('limit=') ? page(['a'], 'token') : page(['a', 'b']));
      });
      expect((await kube.list(configMaps)).items).toEqual([item('a'), item('b')]);
    });
  });

  describe('watches', () => {
    it('read events across the borders of chunks and characters', async () => {
      const bytes = Buffer.from(line('ADDED', { metadata: { name: 'ü€😀' } }) + line('DELETED', object));
      const { kube, server } = await start((_, response) => {
        response.writeHead(200);
        void (async () => {
          for (const byte of bytes) await new Promise((resolve) => response.write(Buffer.of(byte), resolve));
          response.end();
        })();
      });
      const events = watch(kube);
      expect((await events.next()).value).toEqual({ type: 'added', object: { metadata: { name: 'ü€😀' } } });
      expect((await events.next()).value).toEqual({ type: 'deleted', object });
      expect((await events.next()).done).toBe(true);
      expect(server.requests[0]?.path).toBe(
        '/api/v1/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=300',
      );
    });

    it('pass bookmarks on', async () => {
      const { kube } = await start((_, response) => {
        response.end(line('BOOKMARK', { metadata: { resourceVersion: '99' } }));
      });
      expect((await watch(kube).next()).value).toEqual({ type: 'bookmark', resourceVersion: '99' });
    });

    it.each([
      ['as an answer', (response) => answer(response, 410, statusOf(410, 'too old resource version'))],
      ['as an event', (response) => void response.end(line('ERROR', statusOf(410, 'too old resource version')))],
    ] satisfies [string, (response: Parameters<StubHandler>[1]) => void][])(
      'are kube-expired when the server says so %s',
      async (_, reply) => {
        const { kube } = await start((__, response) => reply(response));
        await expect(watch(kube).next()).rejects.toMatchObject({ code: 'kube-expired' });
      },
    );

    it('that are cut are kube-unreachable, and half an event is none', async () => {
      const { kube } = await start((_, response) => {
        response.writeHead(200);
        response.write(`${line('ADDED', object)}{"type":"ADD`, () => response.destroy());
      });
      const events = watch(kube);
      expect((await events.next()).value).toMatchObject({ type: 'added' });
      await expect(events.next()).rejects.toMatchObject({ code: 'kube-unreachable' });
    });

    it('whose refusal does not come to an end are kube-unreachable', async () => {
      const clock = createTestClock();
      const arrived = Promise.withResolvers<void>();
      const handle: StubHandler = (_, response) => {
        response.writeHead(403);
        response.write('{"message":', () => arrived.resolve());
      };
      const { kube } = await start(handle, { clock, timeoutMs: 5_000 });
      const outcome = expect(watch(kube).next()).rejects.toMatchObject({ code: 'kube-unreachable' });
      await arrived.promise;
      await clock.advance(5_000);
      await outcome;
    });

    it('that have gone silent are given up, so that a new list is made', async () => {
      const clock = createTestClock();
      const { kube } = await start((_, response) => void response.write(line('ADDED', object)), {
        clock,
        silenceMs: 60_000,
      });
      const events = watch(kube);
      await events.next();
      const outcome = expect(events.next()).rejects.toMatchObject({ code: 'kube-expired' });
      await clock.advance(60_000);
      await outcome;
    });

    it('end at once and without an error when they are left, also before the server has answered', async () => {
      const arrived = Promise.withResolvers<void>();
      const { kube } = await start(() => arrived.resolve());
      const leaving = new AbortController();
      const next = watch(kube, leaving.signal).next();
      await arrived.promise;
      leaving.abort();
      expect((await next).done).toBe(true);
    });

    it('close their connection when they are left', async () => {
      const closed = Promise.withResolvers<void>();
      const { kube } = await start((_, response) => {
        response.on('close', () => closed.resolve());
        response.write(line('ADDED', object));
      });
      for await (const event of kube.watch(configMaps, {
        resourceVersion: '5',
        signal: new AbortController().signal,
      })) {
        expect(event.type).toBe('added');
        break;
      }
      await closed.promise;
    });

    it('leave no sleeper behind', async () => {
      const clock = createTestClock();
      const { kube } = await start((_, response) => response.end(line('ADDED', object)), { clock });
      const events = watch(kube);
      while ((await events.next()).done !== true);
      await settle();
      expect(clock.sleepers()).toEqual([]);
    });

    it('end when the client is closed', async () => {
      const { kube } = await start((_, response) => void response.write(line('ADDED', object)));
      const events = watch(kube);
      await events.next();
      const outcome = expect(events.next()).rejects.toMatchObject({ code: 'kube-unreachable' });
      kube.close();
      await outcome;
    });
  });
});

const kubeconfig = process.env['BRANCHLINE_TEST_KUBECONFIG'];

if (kubeconfig === undefined) {
  it.skip('the Kubernetes port: a real API server (BRANCHLINE_TEST_KUBECONFIG names no kubeconfig)');
} else {
  const connect = (): KubeClient => {
    const config = kubeconfigConfig(readFileSync(kubeconfig, 'utf8'), { folder: dirname(kubeconfig) });
    return createKube({ config, clock: systemClock, random: Math.random });
  };
  kubeContract({
    name: 'a real API server',
    makeKube() {
      const kube = connect();
      return { kube, close: () => kube.close() };
    },
  });

  describe('an informer of a real API server', () => {
    it('follows what is made, changed and deleted', async () => {
      const kube = connect();
      const metadata = { name: '', generateName: 'informed-', namespace: 'default' };
      const made = await kube.create<ConfigMap>(configMaps, { metadata, data: { step: '1' } });
      const informer = createInformer({
        kube,
        resource: configMaps,
        selection: { namespace: 'default' },
        project: ({ data }: ConfigMap) => data?.['step'],
        clock: systemClock,
        random: Math.random,
        logger: silentLog,
      });
      const until = (expected: string | undefined): Promise<void> =>
        new Promise((resolve) => {
          const look = (): void => void (informer.get(made.metadata) === expected && resolve());
          informer.onChange(look);
          look();
        });
      await informer.synced;
      await until('1');
      await kube.patch(configMaps, made.metadata, { type: 'merge', body: { data: { step: '2' } } });
      await until('2');
      await kube.delete(configMaps, made.metadata);
      await until(undefined);
      await informer.stop();
      kube.close();
    });
  });
}
