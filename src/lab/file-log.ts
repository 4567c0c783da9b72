/** A log of what this process itself does for the lab, beside those of the parts. */
import { appendFileSync } from 'node:fs';

import { describeError } from '../core/errors/coded-error.ts';
import type { Log } from '../daemon/log.ts';

export function fileLog(path: string): Log {
  const write = (level: string, fields: object, message: string): void => {
    const plain = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? describeError(value) : value]),
    );
    appendFileSync(path, `${JSON.stringify({ time: new Date().toISOString(), level, message, ...plain })}\n`);
  };
  return {
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
  };
}
