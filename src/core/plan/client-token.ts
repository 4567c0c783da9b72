/**
 * The token of a creation. It is worked out from what the creation is for, so that a controller that has lost an answer,
 * or its life, asks with the same token again and gets the same interface.
 */
import { shortHash } from '../groups/set-key.ts';

export interface TokenInput {
  readonly instance: string;
  readonly set: string;
  /** Of the set: a token that was spent on an interface that is gone must not come back. */
  readonly generation: number;
  /** Of the NodeNetwork: its generations begin anew with each. */
  readonly recordUid: string;
  /** Everything else that the request says: EC2 refuses a known token with other parameters. */
  readonly parameters: readonly (string | number)[];
}

/** At most 64 ASCII characters, as EC2 wants it. */
export const clientToken = ({ instance, set, generation, recordUid, parameters }: TokenInput): string =>
  `${instance}-${set}-${generation}-${shortHash([recordUid, ...parameters].join(), 12)}`;
