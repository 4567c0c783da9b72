/**
 * What EC2 tells of branch interfaces and their trunks to those who may ask. Many may not: the call is no part of EC2's
 * public preview, and what it says then stands in the tags of EKS's controller, so that a refusal is no error here.
 */
import type { Ec2, Ec2TrunkAssociation } from '../../aws/port.ts';
import { describeError } from '../../core/errors/coded-error.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Log } from '../../daemon/log.ts';

/** By ids of associations; those that EC2 does not tell are left out. */
export type TrunkAssociations = (ids: readonly string[]) => Promise<readonly Ec2TrunkAssociation[]>;

/** How long a refusal stands: somebody may change the policy. */
export const REFUSED_MS = 600_000;

export function createTrunkAssociations({
  ec2,
  clock,
  log,
}: {
  readonly ec2: Pick<Ec2, 'trunkAssociations'>;
  readonly clock: Clock;
  readonly log: Log;
}): TrunkAssociations {
  let againAtMs = 0;
  return async (ids) => {
    if (ids.length === 0 || clock.now() < againAtMs) return [];
    try {
      return await ec2.trunkAssociations(ids);
    } catch (error) {
      againAtMs = clock.now() + REFUSED_MS;
      log.info({ error: describeError(error) }, 'EC2 tells nothing of trunk associations: tags must tell');
      return [];
    }
  };
}
