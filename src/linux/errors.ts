/** The one error of this room. Other rooms branch on `errno`, never on text. */
import { errnoName } from './errno.ts';

export interface KernelErrorOptions {
  /** As the kernel counts it, positive. */
  readonly errno: number;
  /** What was asked of the kernel, e.g. `add-veth`. */
  readonly operation: string;
  /** What it was asked about, e.g. the name of a link. */
  readonly object: string;
  /** The kernel's or libnftables' own words; empty where there are none. */
  readonly text?: string;
}

export class KernelError extends Error {
  override readonly name = 'KernelError';
  /** `EEXIST`, `ENODEV`, …; `errno N` for one without a name. */
  readonly errno: string;
  readonly operation: string;
  readonly object: string;
  readonly text: string;

  constructor({ errno, operation, object, text = '' }: KernelErrorOptions) {
    const name = errnoName(errno);
    super(`${operation} ${object}: ${name}${text === '' ? '' : `: ${text}`}`);
    this.errno = name;
    this.operation = operation;
    this.object = object;
    this.text = text;
  }
}
