/** Asks one server for an answer in words of its own protocol: open is what answered, and nothing less. */
import { createSocket } from 'node:dgram';
import { get } from 'node:http';
import { connect } from 'node:net';

export type Outcome =
  | { readonly target: string; readonly open: true; readonly ms: number }
  | { readonly target: string; readonly open: false; readonly why: string };

export interface ProbeOptions {
  /** `tcp://HOST:PORT` and `udp://HOST:PORT` of an echo server, `http://…` of any. */
  readonly target: string;
  readonly timeoutMs: number;
  readonly now: () => number;
}

export async function probeTarget({ target, timeoutMs, now }: ProbeOptions): Promise<Outcome> {
  const started = now();
  try {
    await asking(new URL(target), AbortSignal.timeout(timeoutMs));
    return { target, open: true, ms: now() - started };
  } catch (error) {
    const { name, code, message } = error as NodeJS.ErrnoException;
    return {
      target,
      open: false,
      why: name === 'AbortError' || name === 'TimeoutError' ? 'time-out' : (code ?? message),
    };
  }
}

function asking(url: URL, signal: AbortSignal): Promise<void> {
  const [host, port] = [url.hostname.replace(/^\[|\]$/g, ''), Number(url.port)];
  switch (url.protocol) {
    case 'http:':
      return askHttp(url, signal);
    case 'tcp:':
      return askTcp({ host, port, signal });
    case 'udp:':
      return askUdp({ host, port, signal });
    default:
      return Promise.reject(new Error(`${url.protocol} is not one of: http:, tcp:, udp:`));
  }
}

interface Where {
  readonly host: string;
  readonly port: number;
  readonly signal: AbortSignal;
}

const askHttp = (url: URL, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    get(url, { signal, agent: false }, (response) => {
      response.resume().on('end', resolve).on('error', reject);
    }).on('error', reject);
  });

const askTcp = ({ host, port, signal }: Where): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.on('connect', () => socket.end('probe\n'));
    socket.on('data', () => resolve());
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed without an answer')));
  });

const askUdp = ({ host, port, signal }: Where): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', signal });
    const end = (error?: Error): void => {
      clearInterval(again);
      if (error === undefined) resolve();
      else reject(error);
    };
    const send = (): void => socket.send('probe', port, host, (error) => (error === null ? undefined : end(error)));
    // A datagram may be lost without anybody having forbidden it.
    const again = setInterval(send, 200);
    send();
    socket.on('message', () => {
      socket.close();
      end();
    });
    socket.on('error', end);
    // By the signal: a socket says only that it is closed.
    socket.on('close', () => end(signal.reason instanceof Error ? signal.reason : undefined));
  });
