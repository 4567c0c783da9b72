/** What the agent last accepted, on disk beside the journal, to serve from while the API server is away. */
import { readFileSync } from 'node:fs';

import type { NodeNetwork } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import { defaultSettings, type Settings } from '../../core/settings/settings.ts';
import { replaceFile } from '../files/replace-file.ts';

export interface Accepted {
  readonly record: NodeNetwork | undefined;
  readonly settings: Settings | undefined;
  readonly securityGroups: readonly SecurityGroupRecord[];
}

export const nothingAccepted: Accepted = { record: undefined, settings: undefined, securityGroups: [] };

/** An absent or unreadable copy is none: it only bridges the time until the API server answers. */
export function readAccepted(path: string): Accepted {
  try {
    const { settings, ...rest } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Accepted>;
    // An older agent knew fewer settings.
    return { ...nothingAccepted, ...rest, settings: settings && { ...defaultSettings, ...settings } };
  } catch {
    return nothingAccepted;
  }
}

export function writeAccepted(path: string, accepted: Accepted): void {
  replaceFile(path, JSON.stringify(accepted), 0o600);
}
