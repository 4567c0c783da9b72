/**
 * What is said on the control socket of a running lab: one request a connection, a line of JSON; then lines of JSON:
 * any number of `progress`, and one `result` or `error`.
 */
import * as v from 'valibot';

import { catalogue, type ErrorCode } from '../../core/errors/catalogue.ts';
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import type { LabInstance } from '../vpc.ts';
import type { LabStatus } from '../status.ts';

/** Of this form of requests and answers; another one is refused. */
const PROTOCOL = 1;

const ofNode = { node: v.string() };
const ofPart = { part: v.string() };
const requestSchema = v.variant('verb', [
  v.object({ verb: v.literal('status') }),
  v.object({ verb: v.literal('stop') }),
  v.object({ verb: v.literal('node-add'), type: v.string() }),
  v.object({ verb: v.literal('node-remove'), ...ofNode }),
  v.object({ verb: v.literal('node-reboot'), ...ofNode }),
  v.object({ verb: v.literal('node-cordon'), ...ofNode }),
  v.object({ verb: v.literal('node-uncordon'), ...ofNode }),
  v.object({ verb: v.literal('part-kill'), ...ofPart }),
  v.object({ verb: v.literal('part-pause'), ...ofPart }),
  v.object({ verb: v.literal('part-resume'), ...ofPart }),
  v.object({ verb: v.literal('part-start'), ...ofPart }),
]);

export type ControlRequest = v.InferOutput<typeof requestSchema>;
export type ControlVerb = ControlRequest['verb'];

/** What each verb gives back. */
export interface ControlResults extends Record<ControlVerb, unknown> {
  readonly status: LabStatus;
  readonly stop: { readonly pid: number };
  readonly 'node-add': LabInstance;
  readonly 'node-remove': LabInstance;
  readonly 'node-reboot': LabInstance;
  readonly 'node-cordon': LabInstance;
  readonly 'node-uncordon': LabInstance;
  readonly 'part-kill': PartName;
  readonly 'part-pause': PartName;
  readonly 'part-resume': PartName;
  readonly 'part-start': PartName;
}

export interface PartName {
  readonly part: string;
}

export type ControlEvent =
  | { readonly event: 'progress'; readonly text: string }
  | { readonly event: 'result'; readonly value: unknown }
  /** `code` and `detail` of a CodedError; `detail` alone of any other. */
  | { readonly event: 'error'; readonly code?: string; readonly detail: string };

export const formatRequest = (request: ControlRequest): string =>
  `${JSON.stringify({ protocol: PROTOCOL, ...request })}\n`;

/** @throws lab-request-invalid */
export function parseRequest(line: string): ControlRequest {
  try {
    const { protocol } = v.parse(v.object({ protocol: v.number() }), JSON.parse(line));
    if (protocol !== PROTOCOL) throw new Error(`it speaks protocol ${PROTOCOL}, the request ${protocol}`);
    return v.parse(requestSchema, JSON.parse(line));
  } catch (error) {
    throw new CodedError('lab-request-invalid', { detail: describeError(error), cause: error });
  }
}

export const formatEvent = (event: ControlEvent): string => `${JSON.stringify(event)}\n`;

export const errorEvent = (error: unknown): ControlEvent =>
  error instanceof CodedError
    ? { event: 'error', code: error.code, detail: error.detail }
    : { event: 'error', detail: describeError(error) };

export function errorOf({ code, detail }: Extract<ControlEvent, { event: 'error' }>): Error {
  return code !== undefined && isCode(code) ? new CodedError(code, { detail }) : new Error(detail);
}

const isCode = (code: string): code is ErrorCode => Object.hasOwn(catalogue, code);
