/**
 * What every implementation of the `Kube` port must do, run on the double and on the real API server. It makes a
 * namespace and a custom resource definition of its own and takes both away again; it needs the rights to do so.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ObjectMeta } from '../core/records/node-network.ts';
import type { ConfigMap, Pod } from './objects.ts';
import type { Kube, KubeObject, Patch, Resource, WatchEvent } from './port.ts';
import { apiVersionOf, resources } from './resources.ts';

export interface KubeUnderTest {
  readonly kube: Kube;
  readonly close: () => void | Promise<void>;
}

interface Widget extends KubeObject {
  readonly spec?: { readonly size?: number; readonly list?: readonly string[]; readonly extra?: string };
  readonly status?: { readonly seen?: number };
}

export interface KubeContractOptions {
  readonly name: string;
  readonly makeKube: () => KubeUnderTest | Promise<KubeUnderTest>;
  /** Tells concurrent runs on one cluster apart; at most 20 characters of a DNS label. */
  readonly prefix?: string;
}

export function kubeContract({ name, makeKube, prefix = 'contract' }: KubeContractOptions): void {
  // Made anew by each run: where no controller empties it, a deleted namespace never goes away.
  let namespace = '';
  const group = `${prefix}.test.branchline.dev`;
  const widgets: Resource = { group, version: 'v1', plural: 'widgets', kind: 'Widget', namespaced: false };
  const { configMaps, pods } = resources;

  const configMap = (name: string, more: Partial<ObjectMeta> = {}, data: Record<string, string> = {}): ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, ...more },
    data,
  });
  const widget = (name: string, spec: Widget['spec'] = { size: 1 }, more: Partial<ObjectMeta> = {}): Widget => ({
    apiVersion: apiVersionOf(widgets),
    kind: 'Widget',
    metadata: { name, ...more },
    ...(spec === undefined ? {} : { spec }),
  });
  const pod = (name: string, nodeName: string): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      nodeName,
      serviceAccountName: 'contract',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'none.invalid/none' }],
    },
  });

  describe(`the Kubernetes port: ${name}`, () => {
    let kube: Kube;
    let close: KubeUnderTest['close'];

    beforeAll(async () => {
      ({ kube, close } = await makeKube());
      await kube.delete(resources.customResourceDefinitions, { name: `widgets.${group}` });
      const generated: KubeObject = {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: '', generateName: `${prefix}-` },
      };
      namespace = (await kube.create(resources.namespaces, generated)).metadata.name;
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'contract', namespace } };
      await appeared(kube, account, resources.serviceAccounts);
      await appeared(kube, widgetDefinition(group), resources.customResourceDefinitions);
      await appeared(kube, widget('first'), widgets);
    });
    afterAll(async () => {
      await kube.delete(resources.customResourceDefinitions, { name: `widgets.${group}` });
      await kube.delete(resources.namespaces, { name: namespace });
      await close();
    });

    const made = <T extends KubeObject>(resource: Resource, object: T): Promise<T> => kube.create(resource, object);
    const ref = ({ metadata }: KubeObject): { name: string; namespace?: string } => metadata;

    describe('objects', () => {
      it('gives a created object its identity and reads it back', async () => {
        const created = await made(configMaps, configMap('identity', {}, { key: 'value' }));
        expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(created.metadata.resourceVersion).toMatch(/^\d+$/);
        expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        expect(await kube.get<ConfigMap>(configMaps, ref(created))).toMatchObject({
          metadata: { uid: created.metadata.uid },
          data: { key: 'value' },
        });
      });

      it('has undefined for an object that does not exist', async () => {
        expect(await kube.get(configMaps, { name: 'nobody', namespace })).toBeUndefined();
      });

      it('refuses to create the same name twice', async () => {
        await made(configMaps, configMap('twice'));
        await expect(made(configMaps, configMap('twice'))).rejects.toMatchObject({ code: 'kube-conflict' });
      });

      it('completes a generated name', async () => {
        const { metadata } = await made(configMaps, configMap('', { generateName: 'made-' }));
        expect(metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
      });

      it('deletes at once what nothing holds, and takes the absence of an object for success', async () => {
        const created = await made(configMaps, configMap('short-lived'));
        await kube.delete(configMaps, ref(created));
        expect(await kube.get(configMaps, ref(created))).toBeUndefined();
        await kube.delete(configMaps, ref(created));
      });

      it('deletes only the object of the uid that was named', async () => {
        const created = await made(configMaps, configMap('precious'));
        const other = kube.delete(configMaps, ref(created), { uid: '11111111-1111-4111-8111-111111111111' });
        await expect(other).rejects.toMatchObject({ code: 'kube-conflict' });
        const { uid = '' } = created.metadata;
        await kube.delete(configMaps, ref(created), { uid });
        expect(await kube.get(configMaps, ref(created))).toBeUndefined();
      });
    });

    describe('lists', () => {
      beforeAll(async () => {
        await made(configMaps, configMap('red', { labels: { colour: 'red', size: 'l' } }));
        await made(configMaps, configMap('blue', { labels: { colour: 'blue' } }));
        await made(pods, pod('here', 'node-a'));
        await made(pods, pod('there', 'node-b'));
      });
      const names = async (resource: Resource, selection: object): Promise<string[]> =>
        (await kube.list(resource, { namespace, ...selection })).items.map(({ metadata }) => metadata.name);

      it.each([
        ['colour=red', ['red']],
        ['colour==blue', ['blue']],
        ['colour=red,size=l', ['red']],
        ['colour=blue,size=l', []],
        ['colour,colour!=red', ['blue']],
        ['colour,!size', ['blue']],
      ])('by the labels %s', async (labelSelector, expected) => {
        expect(await names(configMaps, { labelSelector })).toEqual(expected);
      });

      it('by name', async () => {
        expect(await names(configMaps, { fieldSelector: 'metadata.name=red' })).toEqual(['red']);
      });

      it('pods by their node', async () => {
        expect(await names(pods, { fieldSelector: 'spec.nodeName=node-a' })).toEqual(['here']);
        expect(await names(pods, { fieldSelector: 'spec.nodeName!=node-a' })).toEqual(['there']);
      });

      it('says no to a field that cannot be selected by', async () => {
        await expect(names(configMaps, { fieldSelector: 'data.key=value' })).rejects.toMatchObject({
          code: 'kube-refused',
        });
      });

      it('in the order of names', async () => {
        const all = await names(configMaps, {});
        expect(all).toEqual([...all].sort());
      });
    });

    describe('patches', () => {
      it('merges, with null as removal and lists as whole values', async () => {
        const created = await made(widgets, widget('merged', { size: 1, list: ['a', 'b'], extra: 'x' }));
        const body = { metadata: { labels: { new: 'yes' } }, spec: { list: ['c'], extra: null } };
        const patched = await kube.patch<Widget>(widgets, ref(created), { type: 'merge', body });
        expect(patched.spec).toEqual({ size: 1, list: ['c'] });
        expect(patched.metadata.labels).toEqual({ new: 'yes' });
      });

      it('applies the operations of a JSON patch together or not at all', async () => {
        const created = await made(widgets, widget('operated', { size: 1, list: ['a', 'c'] }));
        const insert = { op: 'add', path: '/spec/list/1', value: 'b' };
        const patched = await kube.patch<Widget>(widgets, ref(created), {
          type: 'json',
          body: [{ op: 'test', path: '/spec/size', value: 1 }, insert, { op: 'remove', path: '/spec/size' }],
        });
        expect(patched.spec).toEqual({ list: ['a', 'b', 'c'] });
        const failing = kube.patch(widgets, ref(created), {
          type: 'json',
          body: [insert, { op: 'test', path: '/spec/list/0', value: 'z' }],
        });
        await expect(failing).rejects.toMatchObject({ code: 'kube-conflict' });
        expect((await kube.get<Widget>(widgets, ref(created)))?.spec?.list).toEqual(['a', 'b', 'c']);
      });

      it('refuses a patch meant for another object, or for an older version of this one', async () => {
        const created = await made(widgets, widget('guarded'));
        const patch = (metadata: object): Promise<Widget> =>
          kube.patch<Widget>(widgets, ref(created), { type: 'merge', body: { metadata, spec: { size: 9 } } });
        const uid = '11111111-1111-4111-8111-111111111111';
        await expect(patch({ uid })).rejects.toMatchObject({ code: 'kube-conflict' });
        const updated = await patch({ uid: created.metadata.uid, resourceVersion: created.metadata.resourceVersion });
        expect(updated.spec).toEqual({ size: 9 });
        const { resourceVersion } = created.metadata;
        await expect(patch({ resourceVersion })).rejects.toMatchObject({ code: 'kube-conflict' });
      });

      it('guards a status by version or by a JSON test of the uid, but not by a uid in the body', async () => {
        const created = await made(widgets, widget('guarded-status'));
        const uid = '11111111-1111-4111-8111-111111111111';
        const patch = (given: Patch): Promise<Widget> =>
          kube.patch<Widget>(widgets, ref(created), given, { subresource: 'status' });
        const tested = (value: string | undefined): Patch => ({
          type: 'json',
          body: [
            { op: 'test', path: '/metadata/uid', value },
            { op: 'add', path: '/status', value: { seen: 2 } },
          ],
        });
        const merged = await patch({ type: 'merge', body: { metadata: { uid }, status: { seen: 1 } } });
        expect(merged).toMatchObject({ metadata: { uid: created.metadata.uid }, status: { seen: 1 } });
        const { resourceVersion } = created.metadata;
        const stale = patch({ type: 'merge', body: { metadata: { resourceVersion }, status: { seen: 3 } } });
        await expect(stale).rejects.toMatchObject({ code: 'kube-conflict' });
        await expect(patch(tested(uid))).rejects.toMatchObject({ code: 'kube-conflict' });
        expect(await patch(tested(created.metadata.uid))).toMatchObject({ status: { seen: 2 } });
      });

      it('refuses another uid in a patch of a built-in object as well', async () => {
        const created = await made(configMaps, configMap('guarded'));
        const uid = '11111111-1111-4111-8111-111111111111';
        const other = kube.patch(configMaps, ref(created), { type: 'merge', body: { metadata: { uid }, data: {} } });
        await expect(other).rejects.toMatchObject({ code: 'kube-conflict' });
      });

      it('has kube-not-found for an object that does not exist', async () => {
        const missing = kube.patch(widgets, { name: 'nobody' }, { type: 'merge', body: { spec: { size: 2 } } });
        await expect(missing).rejects.toMatchObject({ code: 'kube-not-found' });
      });

      it('keeps the version of an object that a patch leaves as it is', async () => {
        const created = await made(widgets, widget('steady'));
        const patched = await kube.patch(widgets, ref(created), { type: 'merge', body: { spec: { size: 1 } } });
        expect(patched.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
      });
    });

    describe('server-side apply', () => {
      const applied = (
        name: string,
        data: Record<string, string>,
        how: { readonly manager: string; readonly force?: boolean },
      ): Promise<ConfigMap> => {
        const body = configMap(name, {}, data);
        return kube.patch<ConfigMap>(configMaps, body.metadata, { type: 'apply', body, ...how });
      };

      it('makes what is absent, and takes back only what its manager no longer names', async () => {
        const first = await applied('applied', { a: '1', b: '2' }, { manager: 'one' });
        expect(first.data).toEqual({ a: '1', b: '2' });
        const second = await applied('applied', { c: '3' }, { manager: 'two' });
        expect(second.metadata.uid).toBe(first.metadata.uid);
        expect(second.data).toEqual({ a: '1', b: '2', c: '3' });
        expect((await applied('applied', { a: '1' }, { manager: 'one' })).data).toEqual({ a: '1', c: '3' });
      });

      it('keeps a field that several managers name until none does', async () => {
        for (const manager of ['one', 'two']) await applied('shared', { a: '1', [manager]: '' }, { manager });
        expect((await applied('shared', { one: '' }, { manager: 'one' })).data).toEqual({ a: '1', one: '', two: '' });
        expect((await applied('shared', { two: '' }, { manager: 'two' })).data).toEqual({ one: '', two: '' });
      });

      it('refuses to change another’s field, unless it is forced, and then it is the other’s no more', async () => {
        await applied('contested', { a: '1' }, { manager: 'one' });
        await expect(applied('contested', { a: '2' }, { manager: 'two' })).rejects.toMatchObject({
          code: 'kube-conflict',
        });
        expect((await applied('contested', { a: '2' }, { manager: 'two', force: true })).data).toEqual({ a: '2' });
        expect((await applied('contested', { b: '' }, { manager: 'one' })).data).toEqual({ a: '2', b: '' });
      });

      it('counts what was written otherwise as its writer’s', async () => {
        await made(configMaps, configMap('written', {}, { a: '1' }));
        const conflict = { code: 'kube-conflict' };
        await expect(applied('written', { a: '2' }, { manager: 'one' })).rejects.toMatchObject(conflict);
        await applied('written', { b: '1' }, { manager: 'one' });
        const named = configMap('written').metadata;
        await kube.patch(configMaps, named, { type: 'merge', body: { data: { b: '2' } } });
        await expect(applied('written', { b: '1' }, { manager: 'one' })).rejects.toMatchObject(conflict);
      });
    });

    describe('spec and status of a custom resource', () => {
      it('are written apart', async () => {
        const created = await made<Widget>(widgets, { ...widget('split'), status: { seen: 7 } });
        expect(created.status).toBeUndefined();
        const body = { spec: { size: 5 }, status: { seen: 5 } };
        const main = await kube.patch<Widget>(widgets, ref(created), { type: 'merge', body });
        expect(main).toMatchObject({ spec: { size: 5 } });
        expect(main.status).toBeUndefined();
        const other = { spec: { size: 6 }, status: { seen: 6 } };
        const status = await kube.patch<Widget>(
          widgets,
          ref(created),
          { type: 'merge', body: other },
          { subresource: 'status' },
        );
        expect(status).toMatchObject({ spec: { size: 5 }, status: { seen: 6 } });
      });

      it('raise the generation by a change of the spec only', async () => {
        const created = await made(widgets, widget('counted'));
        expect(created.metadata.generation).toBe(1);
        const patch = async (body: unknown, subresource?: 'status'): Promise<number | undefined> => {
          const options = subresource === undefined ? {} : { subresource };
          return (await kube.patch(widgets, ref(created), { type: 'merge', body }, options)).metadata.generation;
        };
        expect(await patch({ metadata: { labels: { a: 'b' } } })).toBe(1);
        expect(await patch({ status: { seen: 1 } }, 'status')).toBe(1);
        expect(await patch({ spec: { size: 2 } })).toBe(2);
      });
    });

    describe('finalizers', () => {
      const finalizers = ['test.branchline.dev/hold'];

      it('hold a deleted object until the last is gone', async () => {
        const created = await made(widgets, widget('held', { size: 1 }, { finalizers }));
        await kube.delete(widgets, ref(created));
        const held = await kube.get<Widget>(widgets, ref(created));
        expect(held?.metadata.deletionTimestamp).toMatch(/^\d{4}-/);
        expect(held?.metadata.generation).toBe(2);
        await kube.delete(widgets, ref(created));
        expect((await kube.get(widgets, ref(created)))?.metadata.resourceVersion).toBe(held?.metadata.resourceVersion);
        await kube.patch(widgets, ref(created), { type: 'merge', body: { metadata: { finalizers: null } } });
        expect(await kube.get(widgets, ref(created))).toBeUndefined();
      });
    });

    describe('watches', () => {
      it('show, from the version of a list on, every change in order', async () => {
        const selection = { labelSelector: 'watch=order' };
        const { resourceVersion, items } = await kube.list(widgets, selection);
        expect(items).toEqual([]);
        const labels = { watch: 'order' };
        const created = await made(widgets, widget('watched', { size: 1 }, { labels }));
        await made(widgets, widget('unwatched'));
        const seen = follow<Widget>(kube, widgets, { ...selection, resourceVersion });
        expect(await seen.next()).toMatchObject({ type: 'added', object: { metadata: { name: 'watched' } } });
        await kube.patch(widgets, ref(created), { type: 'merge', body: { spec: { size: 2 } } });
        expect(await seen.next()).toMatchObject({ type: 'modified', object: { spec: { size: 2 } } });
        await kube.delete(widgets, ref(created));
        const last = await seen.next();
        expect(last).toMatchObject({ type: 'deleted', object: { metadata: { name: 'watched' } } });
        expect(versionOf(last)).toBeGreaterThan(Number(created.metadata.resourceVersion));
        await seen.leave();
      });

      it('show what begins or ceases to match a selector as added or deleted', async () => {
        const selection = { labelSelector: 'watch=turning' };
        const { resourceVersion } = await kube.list(widgets, selection);
        const created = await made(widgets, widget('turning'));
        const label = (watch: string | null): Promise<Widget> =>
          kube.patch<Widget>(widgets, ref(created), { type: 'merge', body: { metadata: { labels: { watch } } } });
        await label('turning');
        await label(null);
        const seen = follow<Widget>(kube, widgets, { ...selection, resourceVersion });
        expect(await seen.next()).toMatchObject({ type: 'added' });
        expect(await seen.next()).toMatchObject({ type: 'deleted' });
        await seen.leave();
      });

      it('of the pods of one node show no others', async () => {
        const selection = { namespace, fieldSelector: 'spec.nodeName=node-w' };
        const { resourceVersion } = await kube.list(pods, selection);
        await made(pods, pod('elsewhere', 'node-v'));
        await made(pods, pod('wanted', 'node-w'));
        const seen = follow<Pod>(kube, pods, { ...selection, resourceVersion });
        expect(await seen.next()).toMatchObject({ type: 'added', object: { metadata: { name: 'wanted' } } });
        await seen.leave();
      });

      it('from a version that the server has forgotten are kube-expired', async () => {
        const seen = follow(kube, widgets, { resourceVersion: '1' });
        await expect(seen.next()).rejects.toMatchObject({ code: 'kube-expired' });
      });

      it('end without an error when they are left', async () => {
        const { resourceVersion } = await kube.list(widgets);
        const seen = follow(kube, widgets, { resourceVersion });
        const next = seen.next();
        await seen.leave();
        expect(await next).toBeUndefined();
      });
    });
  });
}

/** Creates what an earlier run may have left, or what the server takes a moment to be ready for. */
async function appeared(kube: Kube, object: KubeObject, resource: Resource): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await kube.create(resource, object);
      return;
    } catch (error) {
      const code = (error as { readonly code?: string }).code;
      // A namespace of the same name may be on its way out, a definition not served yet.
      if (attempt === 100 || (code !== 'kube-not-found' && code !== 'kube-conflict')) throw error;
      const found = await kube.get(resource, object.metadata).catch(() => undefined);
      if (found !== undefined && found.metadata.deletionTimestamp === undefined) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

interface Follower<T> {
  /** Bookmarks are passed over; undefined: the watch has ended. */
  next(): Promise<WatchEvent<T> | undefined>;
  leave(): Promise<void>;
}

function follow<T extends KubeObject>(
  kube: Kube,
  resource: Resource,
  selection: Omit<Parameters<Kube['watch']>[1], 'signal'>,
): Follower<T> {
  const leaving = new AbortController();
  const events = kube.watch<T>(resource, { ...selection, signal: leaving.signal })[Symbol.asyncIterator]();
  return {
    async next() {
      for (;;) {
        const result = await events.next();
        if (result.done === true) return undefined;
        if (result.value.type !== 'bookmark') return result.value;
      }
    },
    async leave() {
      leaving.abort();
      await events.return?.();
    },
  };
}

const versionOf = (event: WatchEvent<KubeObject> | undefined): number =>
  event === undefined || event.type === 'bookmark' ? Number.NaN : Number(event.object.metadata.resourceVersion);

const widgetDefinition = (group: string): KubeObject & { readonly spec: unknown } => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: 'Cluster',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
    ],
  },
});
