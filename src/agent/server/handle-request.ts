/** A plugin's request as the agent answers it: parse, dispatch, phrase. Every failure leaves as one CNI error object. */
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import { cniErrorObject } from '../../cni/error-object.ts';
import type { ReplyFrame, RequestFrame } from '../../cni/frame.ts';
import { type NetworkConfig, parseNetworkConfig } from '../../cni/network-config.ts';
import { cniErrorCodes, type CniRequest, DEFAULT_VERSION, parseCniRequest } from '../../cni/protocol.ts';
import { cniResult } from '../../cni/result.ts';
import type { Attacher } from '../attach/attacher.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal-file.ts';
import type { Log } from '../log.ts';

export interface RequestObserver {
  (command: string, outcome: 'success' | 'failure', seconds: number): void;
}

export interface HandlerOptions {
  readonly attacher: Attacher;
  readonly journal: Journal;
  /** undefined when the agent serves, else why it does not. */
  readonly notReady: () => CodedError | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly observe: RequestObserver;
}

export type RequestHandler = (request: RequestFrame, signal: AbortSignal) => Promise<ReplyFrame>;

export function createRequestHandler(options: HandlerOptions): RequestHandler {
  const { clock, log, observe } = options;
  return async (frame, signal) => {
    const start = clock.nowMs();
    const about = describeRequest(frame);
    let version: string = DEFAULT_VERSION;
    try {
      const request = parseCniRequest(frame.environment);
      const config = parseNetworkConfig(frame.stdin);
      version = config.cniVersion;
      const output = await dispatch(options, request, config, signal);
      const durationMs = clock.nowMs() - start;
      log.info({ ...about, durationMs, ...output?.decision }, 'served');
      observe(request.command, 'success', durationMs / 1000);
      return reply(0, output?.answer);
    } catch (error) {
      const durationMs = clock.nowMs() - start;
      const code = error instanceof CodedError ? error.code : undefined;
      log.error({ ...about, durationMs, code, error: describeError(error) }, 'refused');
      observe(frame.environment['CNI_COMMAND'] ?? '', 'failure', durationMs / 1000);
      const object = cniErrorObject(version, error);
      const isStatus = frame.environment['CNI_COMMAND'] === 'STATUS' && code === 'node-record-missing';
      return reply(1, isStatus ? { ...object, code: cniErrorCodes.notAvailable } : object);
    }
  };
}

interface Output {
  readonly answer: object;
  readonly decision: object;
}

async function dispatch(
  { attacher, journal, notReady }: HandlerOptions,
  request: CniRequest,
  config: NetworkConfig,
  signal: AbortSignal,
): Promise<Output | undefined> {
  switch (request.command) {
    case 'ADD': {
      const attachment = await attacher.add(request, signal);
      const { address, hostLink } = attachment;
      return { answer: cniResult(config.cniVersion, attachment), decision: { address, link: hostLink.name } };
    }
    case 'DEL':
      await attacher.remove(request);
      return undefined;
    case 'CHECK':
      attacher.check(request);
      return undefined;
    case 'GC': {
      const valid = config.validAttachments;
      if (valid === undefined) return undefined;
      for (const { attachment } of journal.state.holdings.values()) {
        const { containerId, ifname } = attachment;
        if (!valid.some((one) => one.containerID === containerId && one.ifname === ifname))
          await attacher.remove(attachment);
      }
      return undefined;
    }
    case 'STATUS': {
      const reason = notReady();
      if (reason !== undefined) throw reason;
      return undefined;
    }
    case 'VERSION':
      throw new CodedError('cni-request-invalid', { detail: 'VERSION is the plugin’s own to answer' });
  }
}

const reply = (exitCode: number, answer: object | undefined): ReplyFrame => ({
  exitCode,
  stdout: Buffer.from(answer === undefined ? '' : JSON.stringify(answer)),
});

const describeRequest = ({ environment }: RequestFrame): object => {
  const args = environment['CNI_ARGS'] ?? '';
  const arg = (name: string): string | undefined => new RegExp(`(?:^|;)${name}=([^;]*)`).exec(args)?.[1];
  return {
    command: environment['CNI_COMMAND'],
    sandbox: environment['CNI_CONTAINERID'],
    pod: `${arg('K8S_POD_NAMESPACE') ?? ''}/${arg('K8S_POD_NAME') ?? ''}`,
  };
};
