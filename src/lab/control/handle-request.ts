/** What each verb of the control socket does to the lab. Changes happen one after the other, in the order of asking. */
import { CodedError } from '../../core/errors/coded-error.ts';
import type { LabNodes } from '../lab-nodes.ts';
import type { LabStatus } from '../status.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { findInstance, findPart } from './names.ts';
import type { ControlRequest, ControlResults } from './protocol.ts';
import type { HandleRequest } from './serve-control.ts';

export interface HandlerOptions {
  readonly supervisor: Supervisor;
  /** undefined while the lab starts. */
  readonly nodes: () => LabNodes | undefined;
  readonly status: () => Promise<LabStatus>;
  /** Ends the lab; must not wait until it has ended. */
  readonly stop: () => void;
  /** Says on the lab's own screen what others do to it. */
  readonly say: (text: string) => void;
}

export function createHandler(options: HandlerOptions): HandleRequest {
  const handle = {
    status: () => options.status(),
    stop: () => {
      options.stop();
      return Promise.resolve({ pid: process.pid });
    },
  };
  let last: Promise<unknown> = Promise.resolve();
  return (request, tell) => {
    if (request.verb === 'status' || request.verb === 'stop') return handle[request.verb]();
    const next = last.then(() => change(request, options, tell));
    last = next.catch(() => undefined);
    return next;
  };
}

type ChangeRequest = Exclude<ControlRequest, { verb: 'status' | 'stop' }>;

async function change(
  request: ChangeRequest,
  { supervisor, say, ...options }: HandlerOptions,
  tell: (text: string) => void,
): Promise<ControlResults[ChangeRequest['verb']]> {
  const nodes = options.nodes();
  if (nodes === undefined) throw new CodedError('lab-not-ready', { detail: request.verb });
  if ('type' in request) {
    say(`lab node add ${request.type}`);
    return nodes.add(request.type, tell);
  }
  if ('node' in request) {
    const instance = findInstance(nodes.all(), request.node);
    say(`lab ${request.verb.replace('-', ' ')} ${instance.title}`);
    const verbs = {
      'node-remove': () => nodes.remove(instance, tell),
      'node-reboot': () => nodes.reboot(instance, tell),
      'node-cordon': () => nodes.setCordoned(instance, true),
      'node-uncordon': () => nodes.setCordoned(instance, false),
    };
    await verbs[request.verb]();
    return { ...instance };
  }
  const { name } = findPart(request.part, { parts: supervisor.parts(), instances: nodes.all() });
  say(`lab ${request.verb.replace('part-', '')} ${name}`);
  const verbs = {
    'part-kill': () => supervisor.kill(name),
    'part-pause': () => supervisor.pause(name),
    'part-resume': () => supervisor.resume(name),
    'part-start': () => supervisor.startAgain(name),
  };
  await verbs[request.verb]();
  return { part: name };
}
