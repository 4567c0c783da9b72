/** Error numbers of the kernel and their names. */
import { constants } from 'node:os';

/** What this room decides by. */
export const errno = {
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  EAGAIN: 11,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSYS: 38,
  EPROTO: 71,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRNOTAVAIL: 99,
  EINPROGRESS: 115,
} as const;

// Two names share a number in two places; the later is the one that Linux documents.
const names = new Map<number, string>(
  Object.entries(constants.errno)
    .filter(([name]) => name !== 'ENOTSUP' && name !== 'EWOULDBLOCK')
    .map(([name, number]) => [number, name]),
);

export const errnoName = (number: number): string => names.get(number) ?? `errno ${number}`;
