/** What the API server says when it refuses, translated to our codes; nothing beyond this file reads HTTP statuses. */
import { CodedError } from '../../core/errors/coded-error.ts';
import type { ErrorCode } from '../../core/errors/catalogue.ts';

export type KubeErrorCode = Extract<ErrorCode, `kube-${string}`>;

export interface RefusalInput {
  readonly statusCode: number;
  /** A `Status` object as a rule; text where something before the API server answers. */
  readonly body: string;
  /** For the reader: `PATCH /api/v1/…`. */
  readonly what: string;
}

export function refusal({ statusCode, body, what }: RefusalInput): CodedError {
  const status = parse(body);
  const message = status?.message ?? body.trim().slice(0, 300);
  return new CodedError(codeOf(statusCode, status), { detail: `${what}: ${statusCode} ${message}`.trim() });
}

interface Status {
  readonly message?: string;
  readonly details?: {
    readonly kind?: string;
    readonly causes?: readonly { readonly field?: string }[];
  };
}

/** 429 and 5xx pass by themselves, as an unreachable server does; what a caller does about them is the same. */
function codeOf(statusCode: number, status: Status | undefined): KubeErrorCode {
  if (statusCode === 404) return 'kube-not-found';
  if (statusCode === 409 || (statusCode === 422 && isPrecondition(status))) return 'kube-conflict';
  if (statusCode === 410) return 'kube-expired';
  if (statusCode === 429 || statusCode >= 500) return 'kube-unreachable';
  return 'kube-refused';
}

/**
 * Two preconditions fail with 422 in place of 409: another `metadata.uid` in a patch, told as an attempt to change it,
 * and a JSON patch that does not fit the object (a failed `test`), which alone names no kind.
 */
const isPrecondition = (status: Status | undefined): boolean =>
  status?.details !== undefined &&
  (status.details.kind === undefined || (status.details.causes ?? []).some(({ field }) => field === 'metadata.uid'));

/** undefined: something before the API server answered. */
function parse(body: string): Status | undefined {
  try {
    const value = JSON.parse(body) as unknown;
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
