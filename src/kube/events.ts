/**
 * Kubernetes Events: what happened to an object, for whoever runs `kubectl describe`. They are for people alone: nothing
 * may depend on one, and failing to write one never fails the work that it tells of.
 */
import { CodedError, describeError } from '../core/errors/coded-error.ts';
import type { ErrorCode } from '../core/errors/catalogue.ts';
import type { Clock } from './clock.ts';
import type { Log } from '../daemon/log.ts';
import type { Event, EventType, InvolvedObject } from './objects.ts';
import type { Kube } from './port.ts';
import { resources } from './resources.ts';

export interface Occurrence {
  readonly about: InvolvedObject;
  readonly type: EventType;
  /** CamelCase; for errors {@link reasonOf} their code. */
  readonly reason: string;
  readonly message: string;
}

export interface EventRecorder {
  /** Never throws; resolves when it is written, or counted. */
  record(occurrence: Occurrence): Promise<void>;
}

export interface EventRecorderOptions {
  readonly kube: Pick<Kube, 'create' | 'patch'>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Log;
  /** `branchline-controller`, say. */
  readonly component: string;
  /** The pod or node that reports. */
  readonly instance: string;
  /** The same again within so long is counted on the first; default 10 minutes. */
  readonly windowMs?: number;
  /** The count is written so often at most; default 10 s. */
  readonly quietMs?: number;
}

interface Known {
  readonly name: string;
  readonly firstAt: number;
  writtenAt: number;
  count: number;
}

/** A node with a hundred failing pods has some hundred; beyond, the oldest are forgotten and begin anew. */
const MAX_KNOWN = 4096;
/** The API server refuses longer ones. */
const MAX_MESSAGE = 1024;

/** `groups-not-ready` → `GroupsNotReady`, as conditions and events name causes. */
export const reasonOf = (code: ErrorCode): string =>
  code
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { kube, clock, random, logger, component, instance, windowMs = 600_000, quietMs = 10_000 } = options;
  const known = new Map<string, Known>();

  const write = async (occurrence: Occurrence, key: string): Promise<void> => {
    const now = clock.now();
    const before = known.get(key);
    if (before === undefined || now - before.firstAt >= windowMs) {
      await begin(occurrence, key, now);
      return;
    }
    before.count += 1;
    if (now - before.writtenAt < quietMs) return;
    before.writtenAt = now;
    const ref = { name: before.name, namespace: namespaceOf(occurrence.about) };
    const body = { count: before.count, lastTimestamp: timestamp(clock) };
    try {
      await kube.patch(resources.events, ref, { type: 'merge', body });
    } catch (error) {
      // The API server drops events after an hour, or as it likes.
      if (!(error instanceof CodedError && error.code === 'kube-not-found')) throw error;
      await begin(occurrence, key, now);
    }
  };

  const begin = async ({ about, type, reason, message }: Occurrence, key: string, now: number): Promise<void> => {
    const suffix = Math.floor(random() * 2 ** 48)
      .toString(16)
      .padStart(12, '0');
    // The part of the object's name keeps within the 253 characters of a name.
    const name = `${about.name.slice(0, 240)}.${suffix}`;
    known.delete(key);
    known.set(key, { name, firstAt: now, writtenAt: now, count: 1 });
    const [oldest] = known.keys();
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    const at = timestamp(clock);
    try {
      await kube.create<Event>(resources.events, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace: namespaceOf(about) },
        involvedObject: about,
        type,
        reason,
        message: message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1)}…`,
        count: 1,
        firstTimestamp: at,
        lastTimestamp: at,
        source: { component, host: instance },
        reportingComponent: component,
        reportingInstance: instance,
      });
    } catch (error) {
      known.delete(key);
      throw error;
    }
  };

  return {
    async record(occurrence) {
      const { about, type, reason, message } = occurrence;
      const key = JSON.stringify([about.kind, about.namespace, about.name, about.uid, type, reason, message]);
      try {
        await write(occurrence, key);
      } catch (error) {
        logger.warn({ about, reason, message, error: describeError(error) }, 'an event could not be written');
      }
    },
  };
}

/** Events of objects without a namespace live in `default`; the API server insists. */
const namespaceOf = ({ namespace }: InvolvedObject): string => namespace ?? 'default';

/** Without fractions, as `metav1.Time` has it. */
const timestamp = (clock: Clock): string =>
  clock
    .date()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z');
