/** The one error type that crosses our ports. Branch on `code`, never on text. */
import { type CatalogueEntry, type ErrorCode, catalogue } from './catalogue.ts';

export interface CodedErrorOptions {
  /** Required: the particulars: which field, which value, which object. */
  readonly detail: string;
  readonly cause?: unknown;
}

export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: ErrorCode;
  readonly detail: string;

  constructor(code: ErrorCode, options: CodedErrorOptions) {
    const { summary, remedy } = catalogue[code];
    super(`${summary}: ${options.detail}; ${remedy} (${code})`, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
  }

  get entry(): CatalogueEntry {
    return catalogue[this.code];
  }
}

/** What an unknown thrown value says, for logs and for the detail of a coded error. */
export const describeError = (error: unknown): string => (error instanceof Error ? error.message : String(error));
