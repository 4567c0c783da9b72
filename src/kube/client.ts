/**
 * The `Kube` port over HTTPS. It must never repeat a write by itself: whether that is harmless only the caller knows.
 */
import { IncomingMessage } from 'node:http';

import { CodedError } from '../core/errors/coded-error.ts';
import type { Clock } from './clock.ts';
import type { KubeConfig } from './config.ts';
import { refusal } from './http/status.ts';
import { createTransport, type Answer, type Call } from './http/transport.ts';
import { collectionPath, objectPath, selectionQuery, withQuery } from './http/url.ts';
import { watchStream } from './http/watch-stream.ts';
import { silentLog, type Log } from '../daemon/log.ts';
import type { Kube, KubeObject, ObjectList, Patch, Resource, Selection } from './port.ts';

export interface KubeOptions {
  readonly config: KubeConfig;
  readonly clock: Clock;
  /** In [0, 1); `Math.random` in a composition root. */
  readonly random: () => number;
  /** Default: silent. */
  readonly logger?: Log;
  /** Whole requests, and the head of a watch; default 30,000. */
  readonly timeoutMs?: number;
  /** Also the field manager of our writes; default `branchline`. */
  readonly userAgent?: string;
  /** A watch without a byte for so long is given up; default 180,000. */
  readonly silenceMs?: number;
  /** Objects a page; default 500. */
  readonly pageSize?: number;
}

export interface KubeClient extends Kube {
  /** Ends every watch and connection. */
  close(): void;
}

/** Between 5 and 10 minutes, so that the watches of many nodes do not end together. */
const watchSeconds = (random: () => number): number => Math.round(300 + random() * 300);

const contentTypes: Record<Patch['type'], string> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  // JSON is YAML.
  apply: 'application/apply-patch+yaml',
};

export function createKube(options: KubeOptions): KubeClient {
  const { config, clock, random, logger = silentLog, silenceMs = 180_000, pageSize = 500 } = options;
  const { timeoutMs = 30_000, userAgent = 'branchline' } = options;
  const transport = createTransport({ config, clock, timeoutMs, userAgent });

  const send = async (call: Call): Promise<Answer> => {
    const answer = await transport.send(call);
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    throw refusal({ ...answer, what: whatOf(call) });
  };
  const sendJson = async <T>(call: Call): Promise<T> => parse(await send(call), call) as T;

  const page = <T>(resource: Resource, selection: Selection, paging: { limit?: number; continue?: string }) =>
    sendJson<Page<T>>({
      method: 'GET',
      path: withQuery(collectionPath(resource, selection.namespace), { ...selectionQuery(selection), ...paging }),
    });

  const listPages = async <T>(resource: Resource, selection: Selection): Promise<ObjectList<T>> => {
    const items: T[] = [];
    let next = '';
    for (;;) {
      const { metadata, items: more } = await page<T>(resource, selection, {
        limit: pageSize,
        ...(next === '' ? {} : { continue: next }),
      });
      items.push(...(more ?? []));
      next = metadata.continue ?? '';
      if (next === '') return { items, resourceVersion: metadata.resourceVersion };
    }
  };

  return {
    async get<T extends KubeObject>(resource: Resource, ref: { name: string; namespace?: string }) {
      return absentIfNotFound(() => sendJson<T>({ method: 'GET', path: objectPath(resource, ref) }));
    },
    async list<T extends KubeObject>(resource: Resource, selection: Selection = {}): Promise<ObjectList<T>> {
      try {
        return await listPages<T>(resource, selection);
      } catch (error) {
        if (!isCoded(error, 'kube-expired')) throw error;
        // The server forgot our place between two pages (etcd compacts every five minutes): all at once, then.
        logger.info({ resource: resource.plural, error: error.detail }, 'listing again in one page');
        const { metadata, items } = await page<T>(resource, selection, {});
        return { items: items ?? [], resourceVersion: metadata.resourceVersion };
      }
    },
    async *watch<T extends KubeObject>(resource: Resource, watchOptions: Parameters<Kube['watch']>[1]) {
      const { resourceVersion, signal, ...selection } = watchOptions;
      const query = {
        ...selectionQuery(selection),
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion,
        timeoutSeconds: watchSeconds(random),
      };
      const call = { method: 'GET', path: withQuery(collectionPath(resource, selection.namespace), query) } as const;
      const response = await openOrAbort(() => transport.open(call, signal), signal);
      if (response === undefined) return;
      if (!(response instanceof IncomingMessage)) throw refusal({ ...response, what: whatOf(call) });
      yield* watchStream<T>(response, { clock, silenceMs, signal, what: whatOf(call) });
    },
    async create<T extends KubeObject>(resource: Resource, object: T): Promise<T> {
      const { namespace } = object.metadata;
      if (resource.namespaced && namespace === undefined) {
        throw new TypeError(`${resource.kind} ${object.metadata.name} needs a namespace`);
      }
      return sendJson<T>({ method: 'POST', path: collectionPath(resource, namespace), body: object });
    },
    patch<T extends KubeObject>(
      resource: Resource,
      ref: { name: string; namespace?: string },
      patch: Patch,
      { subresource }: { readonly subresource?: 'status' } = {},
    ): Promise<T> {
      const { type, body } = patch;
      const applying = type === 'apply' ? { fieldManager: patch.manager, force: String(patch.force ?? false) } : {};
      const path = withQuery(objectPath(resource, ref, subresource), applying);
      return sendJson<T>({ method: 'PATCH', path, body, contentType: contentTypes[type] });
    },
    async delete(resource, ref, { uid } = {}) {
      const preconditions = uid === undefined ? {} : { preconditions: { uid } };
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...preconditions };
      await absentIfNotFound(() => send({ method: 'DELETE', path: objectPath(resource, ref), body }));
    },
    close: () => transport.close(),
  };
}

interface Page<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  /** Go writes an empty list so in some versions. */
  readonly items: readonly T[] | null;
}

const whatOf = ({ method, path }: Call): string => `${method} ${path}`;

const isCoded = (error: unknown, code: CodedError['code']): error is CodedError =>
  error instanceof CodedError && error.code === code;

async function absentIfNotFound<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isCoded(error, 'kube-not-found')) return undefined;
    throw error;
  }
}

async function openOrAbort<T>(open: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await open();
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function parse({ body }: Answer, call: Call): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch (error) {
    const detail = `${whatOf(call)}: the answer is not JSON: ${body.slice(0, 100)}`;
    throw new CodedError('kube-unreachable', { detail, cause: error });
  }
}
