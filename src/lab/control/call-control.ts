/** The command line's side of the control socket. */
import { type Socket, connect } from 'node:net';
import { createInterface } from 'node:readline';

import { CodedError } from '../../core/errors/coded-error.ts';
import { type ControlEvent, type ControlRequest, type ControlResults, errorOf, formatRequest } from './protocol.ts';

export interface CallOptions<R extends ControlRequest> {
  /** Path of the socket. */
  readonly path: string;
  /** For errors. */
  readonly labName: string;
  readonly request: R;
  readonly tell: (text: string) => void;
}

export interface Answered<T> {
  readonly value: T;
  /** Resolves when the lab ends the connection. */
  readonly closed: Promise<void>;
}

/** @throws lab-not-running, lab-needs-root, and whatever the lab refuses with. */
export async function callControl<R extends ControlRequest>(
  options: CallOptions<R>,
): Promise<Answered<ControlResults[R['verb']]>> {
  const { path, labName, request, tell } = options;
  const socket = await open(path, labName);
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.write(formatRequest(request));
  for await (const line of createInterface({ input: socket })) {
    const event = JSON.parse(line) as ControlEvent;
    if (event.event === 'progress') tell(event.text);
    else if (event.event === 'error') throw errorOf(event);
    else return { value: event.value as ControlResults[R['verb']], closed };
  }
  throw new CodedError('lab-not-running', { detail: `${labName} ended before it had answered` });
}

const open = (path: string, labName: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const needsRoot = error.code === 'EACCES' || error.code === 'EPERM';
      reject(
        needsRoot
          ? new CodedError('lab-needs-root', { detail: path, cause: error })
          : new CodedError('lab-not-running', { detail: labName, cause: error }),
      );
    });
  });
