/**
 * The pods of this node, their service accounts and the policies of their namespaces as last seen, on disk beside the
 * journal: what the matcher needs to serve a pod whose sandbox is made anew while the API server is away. A copy behind
 * the truth refuses or waits; it can give no pod other groups, since those are what the record says of its UID.
 */
import { readFileSync } from 'node:fs';

import type { GroupPolicy } from '../../core/groups/policy.ts';
import { describeError } from '../../core/errors/coded-error.ts';
import type { Log } from '../../daemon/log.ts';
import type { Clock } from '../clock.ts';
import { replaceFile } from '../files/replace-file.ts';
import type { PodView, ServiceAccountView } from './pod-view.ts';

export interface Subjects {
  readonly pods: readonly PodView[];
  readonly serviceAccounts: readonly ServiceAccountView[];
  /** undefined: there is no copy, and nothing can be decided by it. */
  readonly policies: readonly GroupPolicy[] | undefined;
}

export const noSubjects: Subjects = { pods: [], serviceAccounts: [], policies: undefined };

/** An absent or unreadable copy is none; so is that of an older agent, which knew neither policies nor labels. */
export function readSubjects(path: string): Subjects {
  try {
    const copy = JSON.parse(readFileSync(path, 'utf8')) as Partial<Subjects>;
    return copy.policies === undefined ? noSubjects : { ...noSubjects, ...copy };
  } catch {
    return noSubjects;
  }
}

/** A rollout changes a pod many times a second; the file is for the hour after. */
const WRITE_EVERY_MS = 2000;

export interface SubjectsKeeperOptions {
  readonly path: string;
  /** undefined until the API server has shown them. */
  readonly subjects: () => Subjects | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export interface SubjectsKeeper {
  /** Something may have changed. */
  touch(): void;
  /** Writes what is still to be written. */
  stop(): void;
}

export function createSubjectsKeeper({ path, subjects, clock, log }: SubjectsKeeperOptions): SubjectsKeeper {
  let written = '';
  let cancel: (() => void) | undefined;
  const write = (): void => {
    cancel = undefined;
    const now = subjects();
    const text = now === undefined ? written : JSON.stringify(now);
    if (text === written) return;
    try {
      replaceFile(path, text, 0o600);
      written = text;
    } catch (error) {
      log.warn({ error: describeError(error) }, 'could not keep a copy of the pods');
    }
  };
  return {
    touch() {
      cancel ??= clock.after(WRITE_EVERY_MS, write);
    },
    stop() {
      if (cancel === undefined) return;
      cancel();
      write();
    },
  };
}
