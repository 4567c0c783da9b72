/** The body of a watch, as events. Trusts no silence: a connection may be dead without either end having said so. */
import type { IncomingMessage } from 'node:http';

import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import type { Clock } from '../clock.ts';
import type { KubeObject, WatchEvent } from '../port.ts';
import { jsonLines } from './json-lines.ts';
import { refusal } from './status.ts';

export interface WatchStreamOptions {
  readonly clock: Clock;
  /** Without a byte for so long, the watch is given up. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
  readonly what: string;
}

interface WireEvent {
  readonly type: string;
  readonly object: KubeObject & { readonly code?: number };
}

const types = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;
const isChange = (type: string): type is keyof typeof types => Object.hasOwn(types, type);

export async function* watchStream<T extends KubeObject>(
  response: IncomingMessage,
  { clock, silenceMs, signal, what }: WatchStreamOptions,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const done = new AbortController();
  let heardAt = clock.now();
  let silent = false;
  const listen = async (): Promise<void> => {
    for (;;) {
      const leftMs = heardAt + silenceMs - clock.now();
      if (leftMs <= 0) break;
      await clock.sleep(leftMs, done.signal);
      if (done.signal.aborted) return;
    }
    silent = true;
    response.destroy();
  };
  void listen();
  const heard = async function* (): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      heardAt = clock.now();
      yield chunk;
    }
  };

  try {
    for await (const line of jsonLines(heard())) {
      if (signal.aborted) return;
      const event = toEvent<T>(line as WireEvent, what);
      if (event !== undefined) yield event;
    }
  } catch (error) {
    if (signal.aborted) return;
    // Bookmarks come every minute (the first after two, on 1.35), so this is more than a quiet resource: a dead
    // connection, or a server whose storage was set back and which has nothing newer than we asked for. A list heals both.
    if (silent) throw new CodedError('kube-expired', { detail: `${what}: nothing for ${silenceMs} ms`, cause: error });
    if (error instanceof CodedError) throw error;
    throw new CodedError('kube-unreachable', { detail: `${what}: ${describeError(error)}`, cause: error });
  } finally {
    done.abort();
    response.destroy();
  }
}

function toEvent<T extends KubeObject>({ type, object }: WireEvent, what: string): WatchEvent<T> | undefined {
  if (isChange(type)) return { type: types[type], object: object as unknown as T };
  if (type === 'BOOKMARK') {
    const { resourceVersion } = object.metadata;
    return resourceVersion === undefined ? undefined : { type: 'bookmark', resourceVersion };
  }
  if (type === 'ERROR') throw refusal({ statusCode: object.code ?? 500, body: JSON.stringify(object), what });
  return undefined;
}
