/** Ids and MAC addresses: drawn from a seed and a counter that are part of the state, so a restart repeats none. */
import { createHash } from 'node:crypto';

import { type Mac, mac } from '../../../core/address/mac.ts';
import type { Draft } from './draft.ts';

const id = 'ids';

function draw(draft: Draft): string {
  const counter = draft.get('counters', id);
  if (counter === undefined) throw new Error('the state has no seed');
  draft.put('counters', { ...counter, drawn: counter.drawn + 1 });
  return createHash('sha256').update(`${counter.seed}:${counter.drawn}`).digest('hex');
}

export const seedState = (draft: Draft, seed: string): void => draft.put('counters', { id, seed, drawn: 0 });

export type IdPrefix =
  | 'pl'
  | 'rtb'
  | 'rtbassoc'
  | 'igw'
  | 'nat'
  | 'eipalloc'
  | 'eipassoc'
  | 'vpc'
  | 'vpc-cidr-assoc'
  | 'subnet'
  | 'subnet-cidr-assoc'
  | 'sg'
  | 'sgr'
  | 'eni'
  | 'trunk-assoc'
  | 'eni-attach'
  | 'eni-perm'
  | 'i'
  | 'r';

/** EC2's long form: the prefix and 17 hexadecimal digits, of which the first is 0. */
export const newId = (draft: Draft, prefix: IdPrefix): string => `${prefix}-0${draw(draft).slice(0, 16)}`;

/** Locally administered and unicast, as EC2's are: 02, 06, 0a or 0e first. */
export function newMac(draft: Draft): Mac {
  const hex = draw(draft);
  const first = ['02', '06', '0a', '0e'][Number.parseInt(hex.charAt(0), 16) % 4] ?? '02';
  return mac([first, ...(hex.slice(2, 12).match(/../g) ?? [])].join(':'));
}
