/**
 * What EC2 describes, corrected by what we have done within the last seconds: its descriptions lag behind its calls, and
 * a record that dropped an interface for such a moment would cut its pods off.
 */
import type { ObservedInterface } from '../../core/plan/snapshot.ts';

/** An interface after our own action on it; `interface` undefined: we deleted it. */
export interface OwnAction {
  readonly interface: ObservedInterface | undefined;
  readonly atMs: number;
}

/** For so long our own action counts for more than a description. */
export const LAG_MS = 30_000;

export interface MergeInput {
  readonly described: readonly ObservedInterface[];
  readonly own: ReadonlyMap<string, OwnAction>;
  readonly nowMs: number;
}

export function mergeObservation({ described, own, nowMs }: MergeInput): readonly ObservedInterface[] {
  const merged = new Map(described.map((seen) => [seen.id, seen]));
  for (const [id, { interface: ours, atMs }] of own) {
    if (nowMs - atMs >= LAG_MS) continue;
    const seen = merged.get(id);
    if (ours === undefined) merged.delete(id);
    else if (seen === undefined) merged.set(id, ours);
    else merged.set(id, corrected(seen, ours));
  }
  return [...merged.values()];
}

function corrected(seen: ObservedInterface, ours: ObservedInterface): ObservedInterface {
  const addresses = [...new Set([...seen.addresses, ...ours.addresses])];
  const attachment = correctedAttachment(seen.attachment, ours.attachment);
  const { attachment: _, ...rest } = seen;
  return { ...rest, addresses, ...(attachment === undefined ? {} : { attachment }) };
}

type Attachment = ObservedInterface['attachment'];

function correctedAttachment(seen: Attachment, ours: Attachment): Attachment {
  if (ours === undefined) return seen;
  // Detaching ends by itself, and only a description tells when.
  if (ours.status === 'detaching') return seen === undefined ? undefined : { ...seen, status: 'detaching' };
  if (seen === undefined) return ours;
  return { ...seen, deleteOnTermination: seen.deleteOnTermination || ours.deleteOnTermination };
}
