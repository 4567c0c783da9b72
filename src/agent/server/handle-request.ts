/** A plugin's request as the agent answers it: parse, dispatch, phrase. Every failure leaves as one CNI error object. */
import type { ErrorCode } from '../../core/errors/catalogue.ts';
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import { cniErrorObject } from '../../cni/error-object.ts';
import type { ReplyFrame, RequestFrame } from '../../cni/frame.ts';
import { type NetworkConfig, parseNetworkConfig } from '../../cni/network-config.ts';
import { cniErrorCodes, DEFAULT_VERSION, parseCniRequest } from '../../cni/protocol.ts';
import type { Log } from '../../daemon/log.ts';
import type { Clock } from '../clock.ts';
import type { PodRef } from '../world/world.ts';
import { dispatch, type DispatchOptions } from './dispatch.ts';

export interface RequestObserver {
  /** `code`: why it failed, where that is known. */
  (command: string, outcome: 'success' | 'failure', seconds: number, code?: ErrorCode): void;
}

export interface HandlerOptions extends DispatchOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly observe: RequestObserver;
  /** An ADD has failed: whoever looks at the pod should see why. */
  readonly onRefused: (pod: PodRef, error: CodedError) => void;
}

export type RequestHandler = (request: RequestFrame, signal: AbortSignal) => Promise<ReplyFrame>;

export function createRequestHandler(options: HandlerOptions): RequestHandler {
  const { clock, log, observe, onRefused } = options;
  const readConfig = configReader();
  return async ({ environment, stdin }, signal) => {
    const startMs = clock.nowMs();
    const command = environment['CNI_COMMAND'] ?? '';
    const pod = podNamed(environment['CNI_ARGS'] ?? '');
    const about = { command, sandbox: environment['CNI_CONTAINERID'], pod: `${pod.namespace}/${pod.name}` };
    let version: string = DEFAULT_VERSION;
    try {
      const request = parseCniRequest(environment);
      const config = readConfig(stdin);
      version = config.cniVersion;
      const output = await dispatch(options, { request, config, signal });
      const durationMs = clock.nowMs() - startMs;
      log.info({ ...about, durationMs, ...output?.decision }, 'served');
      observe(command, 'success', durationMs / 1000);
      return reply(0, output?.answer);
    } catch (error) {
      const durationMs = clock.nowMs() - startMs;
      const code = error instanceof CodedError ? error.code : undefined;
      log.error({ ...about, durationMs, code, error: describeError(error) }, 'refused');
      observe(command, 'failure', durationMs / 1000, code);
      if (command === 'ADD' && error instanceof CodedError && !signal.aborted) onRefused(pod, error);
      const object = cniErrorObject(version, error);
      // Whatever keeps it from serving: CNI has a code of its own for that.
      const isStatus = command === 'STATUS' && code !== undefined && !code.startsWith('cni-');
      return reply(1, isStatus ? { ...object, code: cniErrorCodes.notAvailable } : object);
    }
  };
}

/** A runtime writes the same configuration for almost every pod. */
function configReader(): (stdin: Uint8Array) => NetworkConfig {
  let last: { readonly stdin: Buffer; readonly config: NetworkConfig } | undefined;
  return (stdin) => {
    if (last === undefined || !last.stdin.equals(stdin)) {
      last = { config: parseNetworkConfig(stdin), stdin: Buffer.from(stdin) };
    }
    return last.config;
  };
}

const reply = (exitCode: number, answer: object | undefined): ReplyFrame => ({
  exitCode,
  stdout: Buffer.from(answer === undefined ? '' : JSON.stringify(answer)),
});

/** For the log, also of a request that cannot be parsed. */
function podNamed(args: string): PodRef {
  const values = new Map(args.split(';').map((pair) => [pair.slice(0, pair.indexOf('=')), pair]));
  const value = (key: string): string => values.get(key)?.slice(key.length + 1) ?? '';
  return { namespace: value('K8S_POD_NAMESPACE'), name: value('K8S_POD_NAME'), uid: value('K8S_POD_UID') };
}
