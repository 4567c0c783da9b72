/**
 * The CNI plugin in TypeScript: the same program as `branchline-cni.c`, held to it by one suite, for machines without a
 * C compiler. It decides nothing and must not parse what it carries. Imports nothing that is not Node's own or the frame.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { paths } from '../../core/names.ts';
import { decodeReply, encodeRequest, MAX_REQUEST_BYTES, type ReplyFrame } from '../frame.ts';
import { supportedVersions } from '../protocol.ts';

export interface ShimOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the agent's socket and the spool are. */
  readonly runDir: string;
  /** In all, from the start to an answer. */
  readonly deadlineMs: number;
  /** How long a DEL looks for an agent before it is spooled. */
  readonly delWaitMs: number;
}

export const shippedShim = { runDir: paths.runDir, deadlineMs: 100_000, delWaitMs: 10_000 } as const;
const RETRY_MS = 50;

const errorObject = (code: number, msg: string): string => `${JSON.stringify({ cniVersion: '1.0.0', code, msg })}\n`;
const unreachable = errorObject(
  11,
  'the agent does not answer on its socket; look at the branchline-agent pod of this node (agent-unreachable)',
);
const badReply = errorObject(
  6,
  "a frame on the agent's socket is malformed; install plugin and agent of one version (frame-invalid)",
);
const badStdin = errorObject(
  5,
  'the network configuration cannot be read from stdin, or is above 4 MiB (frame-invalid)',
);

type Outcome = ReplyFrame | 'away' | 'timed-out' | 'garbage';

/** One attempt; `away` when nobody listens or the listener went before its reply was whole: repeating is harmless. */
function exchange(frame: Uint8Array, socketPath: string, leftMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath });
    let received: Uint8Array = new Uint8Array();
    const done = (outcome: Outcome): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => done('timed-out'), leftMs);
    socket.on('error', () => done('away'));
    socket.on('close', () => done('away'));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      try {
        const reply = decodeReply(received);
        if (reply !== undefined) done(reply);
      } catch {
        done('garbage');
      }
    });
    socket.write(frame);
  });
}

function spool(frame: Uint8Array, { environment, runDir }: ShimOptions): boolean {
  const id = (environment['CNI_CONTAINERID'] ?? 'none').slice(0, 150);
  const name = `${id}.${(environment['CNI_IFNAME'] ?? 'none').slice(0, 15)}`.replaceAll('/', '_');
  const part = join(runDir, 'del', `.${name}.${process.pid}`);
  try {
    mkdirSync(join(runDir, 'del'), { recursive: true, mode: 0o700 });
    writeFileSync(part, frame, { mode: 0o600, flush: true });
    renameSync(part, join(runDir, 'del', name));
    return true;
  } catch {
    rmSync(part, { force: true });
    return false;
  }
}

function printAll(text: Uint8Array): void {
  for (let offset = 0; offset < text.length;) offset += writeSync(1, text, offset);
}
const fail = (text: string): number => {
  printAll(Buffer.from(text));
  return 1;
};

/** Does what the executable does and returns its exit code. */
export async function runShim(options: ShimOptions): Promise<number> {
  const start = performance.now();
  const command = options.environment['CNI_COMMAND'];
  if (command === 'VERSION') {
    printAll(Buffer.from(`${JSON.stringify({ cniVersion: '1.1.0', supportedVersions })}\n`));
    return 0;
  }
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.environment)) {
    if (name.startsWith('CNI_') && value !== undefined) environment[name] = value;
  }
  const frame = encodeRequest({ environment, stdin: readFileSync(0) });
  if (frame.length > MAX_REQUEST_BYTES) return fail(badStdin);
  const socketPath = join(options.runDir, 'agent.sock');
  for (;;) {
    const leftMs = start + options.deadlineMs - performance.now();
    const outcome = leftMs > 0 ? await exchange(frame, socketPath, leftMs) : 'timed-out';
    if (typeof outcome === 'object') {
      printAll(outcome.stdout);
      return outcome.exitCode;
    }
    if (outcome === 'garbage') return fail(badReply);
    const waited = performance.now() - start >= options.delWaitMs;
    if (command === 'DEL' && (outcome === 'timed-out' || waited) && spool(frame, options)) return 0;
    if (outcome === 'timed-out') return fail(unreachable);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

if (import.meta.main) process.exitCode = await runShim({ environment: process.env, ...shippedShim });
