/** The request for a set's next interface, the same whoever asks and however often. */
import { ec2Tags } from '../names.ts';
import type { CreateInterface } from './action.ts';
import { clientToken } from './client-token.ts';
import { podAddressesPerInterface } from './observed.ts';
import type { PlacedSet } from './place-pods.ts';
import type { NodeSnapshot } from './snapshot.ts';

export interface CreationInput {
  readonly snapshot: Pick<NodeSnapshot, 'instance' | 'limits'>;
  readonly set: PlacedSet;
  readonly recordUid: string;
  readonly generation: number;
  readonly subnet: string;
  readonly secondaryAddresses: number;
  /** How many interfaces the set has already. */
  readonly ordinal: number;
}

export function createInterface(input: CreationInput): CreateInterface {
  const { snapshot, set, recordUid, generation, subnet, secondaryAddresses, ordinal } = input;
  const instance = snapshot.instance.id;
  const perInterface = podAddressesPerInterface(snapshot.limits);
  const parameters = [subnet, set.groups.join('+'), secondaryAddresses, ordinal];
  return {
    kind: 'create-interface',
    pool: set.key,
    subnet,
    groups: set.groups,
    description: `branchline ${instance} ${set.key}`,
    tags: {
      [ec2Tags.instance]: instance,
      [ec2Tags.set]: set.key,
      [ec2Tags.generation]: String(generation),
      [ec2Tags.noManage]: 'true',
    },
    clientToken: clientToken({ instance, set: set.key, generation, recordUid, parameters }),
    secondaryAddresses,
    reason: `${set.pods.length} pods of set ${set.key}, which has ${ordinal} interfaces of ${perInterface} addresses`,
  };
}
