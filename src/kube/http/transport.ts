/**
 * HTTPS to the API server: keep-alive connections, the bearer token, deadlines. Knows of no resource. Whatever goes wrong
 * before an answer is kube-unreachable; what an answer means is judged by its callers.
 */
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';

import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import type { Clock } from '../clock.ts';
import { httpsUrl, type Credentials, type KubeConfig } from '../config.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
}

export interface Answer {
  readonly statusCode: number;
  readonly body: string;
}

export interface Transport {
  send(call: Call): Promise<Answer>;
  /** Resolves at the head of a 200, whose body has no deadline and ends with `signal`; any other answer is whole. */
  open(call: Call, signal: AbortSignal): Promise<IncomingMessage | Answer>;
  /** Cuts every connection. */
  close(): void;
}

export interface TransportOptions {
  readonly config: KubeConfig;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly userAgent: string;
}

/** The kubelet renews a token at 80 % of its life, an hour as a rule; client-go looks once a minute too. */
const CREDENTIALS_KEPT_MS = 60_000;
/** Below the 90 s after which the API server closes an idle connection. */
const IDLE_MS = 50_000;
const KEEP_ALIVE_PROBE_MS = 30_000;

export function createTransport({ config, clock, timeoutMs, userAgent }: TransportOptions): Transport {
  const agent = new Agent({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_PROBE_MS, timeout: IDLE_MS });
  const closing = new AbortController();
  const server = httpsUrl(config.server);
  const endpoint = {
    agent,
    host: server.hostname.replace(/^\[|\]$/g, ''),
    port: server.port === '' ? 443 : Number(server.port),
    rejectUnauthorized: config.insecure !== true,
    ...(config.tlsServerName === undefined ? {} : { servername: config.tlsServerName }),
  };
  const root = server.pathname.replace(/\/$/, '');

  let kept: { readonly credentials: Credentials; readonly readAt: number } | undefined;
  const credentials = (fresh: boolean): Credentials => {
    if (fresh || kept === undefined || clock.now() - kept.readAt >= CREDENTIALS_KEPT_MS) {
      kept = { credentials: config.credentials(), readAt: clock.now() };
    }
    return kept.credentials;
  };

  const attempt = (call: Call, { token, ...tls }: Credentials, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
      const headers = {
        accept: 'application/json',
        'user-agent': userAgent,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined
          ? {}
          : { 'content-type': call.contentType ?? 'application/json', 'content-length': body.length }),
      };
      const request = httpsRequest({ ...endpoint, ...tls, method: call.method, path: root + call.path, headers });
      // Not by the option `signal`: Node 24 then puts the error on the socket even where that has just gone back to the
      // agent, which listens to none, and the process ends.
      const cut = (): void => void request.destroy();
      signal.addEventListener('abort', cut, { once: true });
      request.once('close', () => signal.removeEventListener('abort', cut));
      if (signal.aborted) cut();
      request.on('response', (response) => {
        // Whoever reads learns of it; a cut while nobody reads must not end the process.
        response.on('error', () => undefined);
        resolve(response);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        // The server closed an idle connection just as it was taken up again: the request never arrived.
        const stale = request.reusedSocket && error.code === 'ECONNRESET' && call.method === 'GET' && !signal.aborted;
        if (stale) resolve(attempt(call, { ...tls, ...(token === undefined ? {} : { token }) }, signal));
        else reject(error);
      });
      request.end(body);
    });

  const authorised = async (call: Call, signal: AbortSignal): Promise<IncomingMessage> => {
    const used = credentials(false);
    const response = await attempt(call, used, signal);
    if (response.statusCode !== 401 || used.token === undefined) return response;
    const renewed = credentials(true);
    if (renewed.token === used.token) return response;
    response.resume();
    return attempt(call, renewed, signal);
  };

  /**
   * Runs `work` with a signal that the deadline, `close` and the caller's own signals abort. The deadline ends with
   * `work`; of the others `work` is rid by `release`, which may be later.
   */
  const within = async <T>(
    call: Call,
    own: readonly AbortSignal[],
    work: (signal: AbortSignal, release: () => void) => Promise<T>,
  ): Promise<T> => {
    const controller = new AbortController();
    const release = forward([closing.signal, ...own], controller);
    const done = new AbortController();
    let late = false;
    void clock.sleep(timeoutMs, done.signal).then(() => {
      if (done.signal.aborted) return;
      late = true;
      controller.abort();
    });
    try {
      return await work(controller.signal, release);
    } catch (error) {
      release();
      if (error instanceof CodedError) throw error;
      const why = late ? `no answer within ${timeoutMs} ms` : describeError(error);
      const detail = `${call.method} ${config.server}${call.path}: ${why}`;
      throw new CodedError('kube-unreachable', { detail, cause: error });
    } finally {
      done.abort();
    }
  };

  return {
    send: (call) =>
      within(call, [], async (signal, release) => {
        const answer = await whole(await authorised(call, signal));
        release();
        return answer;
      }),
    open: (call, own) =>
      within(call, [own], async (signal, release) => {
        const response = await authorised(call, signal);
        response.once('close', release);
        return response.statusCode === 200 ? response : whole(response);
      }),
    close() {
      closing.abort();
      agent.destroy();
    },
  };
}

/** Aborts `to` when one of `from` is aborted; returns the way to end that. */
function forward(from: readonly AbortSignal[], to: AbortController): () => void {
  const abort = (): void => to.abort();
  for (const signal of from) {
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
  }
  return () => from.forEach((signal) => signal.removeEventListener('abort', abort));
}

async function whole(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return { statusCode: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
}
