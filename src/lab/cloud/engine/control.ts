/**
 * What a test or a user asks of the lab itself, not of EC2: `/_lab/faults` lists the faults to come (GET), adds one
 * (POST, JSON as in `faults.ts`), clears them (DELETE).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { describeError } from '../../../core/errors/coded-error.ts';
import type { FaultScript } from './faults.ts';

const path = '/_lab/faults';

export interface Control {
  isFor(request: IncomingMessage): boolean;
  answer(request: IncomingMessage, body: string, response: ServerResponse): void;
}

export const createControl = (faults: FaultScript): Control => ({
  isFor: ({ url }) => url === path,
  answer({ method }, body, response) {
    try {
      if (method === 'POST') faults.add(JSON.parse(body));
      else if (method === 'DELETE') faults.clear();
      write(response, 200, { faults: faults.pending });
    } catch (error) {
      write(response, 400, { error: describeError(error) });
    }
  },
});

function write(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value, null, 2)}\n`);
}
