/** What is different between two worlds, worked out once for all who plan. */
import type { SecurityGroup } from '../../core/vpc/model.ts';
import { type Delta, delta } from './delta.ts';
import type { FabricInterface, FabricWorld } from './port.ts';

export interface WorldChange {
  readonly before: FabricWorld;
  readonly after: FabricWorld;
  readonly interfaces: Delta<FabricInterface>;
  readonly groups: Delta<SecurityGroup>;
}

export const changeOf = (before: FabricWorld, after: FabricWorld): WorldChange => ({
  before,
  after,
  interfaces: delta(before.interfaces, after.interfaces, ({ id }) => id),
  groups: delta(before.groups, after.groups, ({ id }) => id),
});

/** What a fabric that does not exist yet carries: a whole world is the change from it. */
export const emptyWorld: FabricWorld = {
  cidrs: [],
  subnets: [],
  interfaces: [],
  groups: [],
  prefixLists: {},
  outside: [],
};
