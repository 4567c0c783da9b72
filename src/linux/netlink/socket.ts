/**
 * A netlink socket: synchronous, since the kernel has carried a request out and queued the whole answer when send
 * returns. It belongs to the network namespace in which it is made, for its life.
 */
import { closeSync } from 'node:fs';

import { errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import { family, receive, send, sendLater, setSocketOption, socket, socketType } from '../ffi/libc.ts';
import { HEADER_SIZE } from './writer.ts';
import { control, decodeOutcome, flags, type Outcome } from './answer.ts';
import { netlinkPort } from './port.ts';
import { decodeMessages, type Decoded, type NetlinkMessage } from './reader.ts';

export type { Outcome };

export const protocol = { route: 0, netfilter: 12 } as const;

export interface Answer extends Outcome {
  readonly replies: readonly NetlinkMessage[];
}
export interface BatchFailure extends Outcome {
  /** Which message of the batch; -1 for the batch as a whole. */
  readonly at: number;
}

export interface NetlinkSocket {
  /** By which notifications name it as their cause. */
  port(): number;
  /** Sends one message, which asks for an acknowledgement. A refusal is a value. */
  request(message: Uint8Array): Answer;
  /** As `request`, for what the kernel takes long to do: sent by another thread. Nothing else may use the socket meanwhile. */
  requestLater(message: Uint8Array): Promise<Answer>;
  /** Sends one message that asks for a dump; again when objects changed meanwhile. */
  dump(message: Uint8Array): Answer;
  /** Sends all in one datagram, the last but one of which asks for an acknowledgement; the failures, none on success. */
  batch(messages: readonly Uint8Array[]): readonly BatchFailure[];
  close(): void;
}

const SOL_SOCKET = 1;
const SOL_NETLINK = 270;
const option = {
  sendBuffer: { level: SOL_SOCKET, name: 32 },
  /** Beyond the system's limit, which 300 acknowledgements overflow. */
  receiveBuffer: { level: SOL_SOCKET, name: 33 },
  capAck: { level: SOL_NETLINK, name: 10 },
  extendedAck: { level: SOL_NETLINK, name: 11 },
  strictCheck: { level: SOL_NETLINK, name: 12 },
} as const;
const BUFFER_SIZE = 4 * 1024 * 1024;
const DUMP_ATTEMPTS = 20;
const SEQUENCE_AT = 8;
/** The kernel's dumps come in pieces of at most 32 KiB. One for all sockets: nothing here is ever interrupted. */
const buffer = Buffer.alloc(256 * 1024);

export function openNetlink(which: number): NetlinkSocket {
  const fd = socket({ family: family.netlink, type: socketType.raw | socketType.closeOnExec, protocol: which });
  let sendBuffer = 0;
  const tune = (what: (typeof option)[keyof typeof option], value: number): void => {
    try {
      setSocketOption(fd, what, value);
    } catch {
      // Comfort, not need: an older kernel lacks some, and in a user namespace the buffers cannot be forced.
    }
  };
  tune(option.receiveBuffer, BUFFER_SIZE);
  tune(option.extendedAck, 1);
  tune(option.capAck, 1);
  if (which === protocol.route) tune(option.strictCheck, 1);

  let sequence = 0;
  const next = (message: Uint8Array): number => {
    sequence = (sequence + 1) >>> 0;
    new DataView(message.buffer, message.byteOffset).setUint32(SEQUENCE_AT, sequence, true);
    return sequence;
  };
  const readMessages = (length: number | undefined): readonly NetlinkMessage[] | undefined => {
    if (length === undefined) return undefined;
    if (length > buffer.length) throw failure(errno.EMSGSIZE, `an answer of ${length} bytes`);
    return expect(decodeMessages(Buffer.from(buffer.subarray(0, length))));
  };
  const exchange = (message: Uint8Array): Answer & { readonly interrupted: boolean } => {
    const own = next(message);
    send(fd, message);
    return answerTo(own);
  };
  const answerTo = (own: number): Answer & { readonly interrupted: boolean } => {
    const length = receive(fd, buffer);
    if (length !== undefined && isBareSuccess(buffer, { length, sequence: own })) return success;
    return readAnswer(own, readMessages(length));
  };
  const readAnswer = (own: number, first: readonly NetlinkMessage[] | undefined): ReturnType<typeof answerTo> => {
    const replies: NetlinkMessage[] = [];
    let interrupted = false;
    for (let messages = first; ; messages = readMessages(receive(fd, buffer))) {
      if (messages === undefined) throw failure(errno.EPROTO, 'the kernel did not end its answer');
      // Others are late answers to a request that failed half-way.
      for (const reply of messages.filter(({ sequence }) => sequence === own)) {
        interrupted ||= (reply.flags & flags.dumpInterrupted) !== 0;
        if (reply.type !== control.error && reply.type !== control.done) replies.push(reply);
        else return { ...expect(decodeOutcome(reply)), replies, interrupted };
      }
    }
  };

  let port: number | undefined;
  return {
    port: () => (port ??= netlinkPort(fd)),
    request: exchange,
    async requestLater(message) {
      const own = next(message);
      if (!(await sendLater(fd, message))) throw failure(errno.EIO, 'the request could not be sent');
      return answerTo(own);
    },
    dump(message) {
      for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
        const answer = exchange(message);
        if (!answer.interrupted) return answer;
      }
      throw failure(errno.EAGAIN, `a dump was interrupted ${DUMP_ATTEMPTS} times`);
    },
    batch(messages) {
      const first = messages.map(next)[0] ?? 0;
      const datagram = Buffer.concat(messages);
      if (datagram.length > sendBuffer) {
        sendBuffer = Math.max(BUFFER_SIZE, 2 * datagram.length);
        tune(option.sendBuffer, sendBuffer);
      }
      send(fd, datagram);
      const failures: BatchFailure[] = [];
      let acknowledged = false;
      const last = first + messages.length - 2;
      for (let length = receive(fd, buffer); length !== undefined; length = receive(fd, buffer)) {
        // The kernel answers in order: after this there is nothing.
        if (failures.length === 0 && isBareSuccess(buffer, { length, sequence: last })) return failures;
        const answers = readMessages(length) ?? [];
        for (const answer of answers) {
          const at = answer.sequence - first;
          if (answer.type !== control.error || at < 0 || at >= messages.length) continue;
          const outcome = expect(decodeOutcome(answer));
          if (outcome.errno === 0) acknowledged = true;
          // A failure to commit is reported for the batch's first message.
          else failures.push({ ...outcome, at: at === 0 ? -1 : at });
        }
      }
      if (failures.length === 0 && !acknowledged) throw failure(errno.EPROTO, 'the kernel did not acknowledge a batch');
      return failures;
    },
    close: () => closeSync(fd),
  };
}

const success = { errno: 0, text: '', replies: [], interrupted: false } as const;

/** The acknowledgement that almost every answer is, read where it lies. */
const isBareSuccess = (
  bytes: Buffer,
  { length, sequence }: { readonly length: number; readonly sequence: number },
): boolean =>
  length === bytes.readUInt32LE(0) &&
  bytes.readUInt16LE(4) === control.error &&
  bytes.readUInt32LE(SEQUENCE_AT) === sequence &&
  bytes.readInt32LE(HEADER_SIZE) === 0;

const failure = (number: number, text: string): KernelError =>
  new KernelError({ errno: number, operation: 'netlink', object: 'answer', text });

/** For what the kernel itself wrote: malformed means that we read it wrongly. */
export function expect<T>(decoded: Decoded<T>): T {
  if (!decoded.ok) throw failure(errno.EPROTO, decoded.reason);
  return decoded.value;
}
