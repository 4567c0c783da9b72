/** What happened to the objects of the double, in order, and who watches. */
import { CodedError } from '../../core/errors/coded-error.ts';
import type { KubeObject, WatchEvent } from '../port.ts';
import type { Matcher } from './selectors.ts';

export interface Happening {
  readonly version: number;
  /** The path of the object's collection. */
  readonly collection: string;
  readonly before: KubeObject | undefined;
  /** undefined: deleted. */
  readonly after: KubeObject | undefined;
  /** The object as the event of its deletion shows it. */
  readonly last: KubeObject;
}

export interface WatchInput {
  readonly collection: string;
  readonly matches: Matcher;
  readonly since: number;
  readonly signal: AbortSignal;
}

export interface History {
  /** Raised by one for each change of any object. */
  version(): number;
  next(): number;
  record(happening: Happening): void;
  watch(input: WatchInput): AsyncGenerator<WatchEvent<KubeObject>, void, undefined>;
  bookmark(): void;
  /** Ends every watch, as the server does after `timeoutSeconds`, or with an error. */
  end(error?: CodedError): void;
  /** Forgets: a watch from before now is kube-expired, also one that is open. */
  expire(): void;
}

/** Not 0 or 1: a watch from such a version is expired here as it is on a server that has run for a while. */
const FIRST_VERSION = 1000;

interface Watcher {
  readonly offer: (happening: Happening) => void;
  readonly bookmark: () => void;
  readonly end: (error?: CodedError) => void;
}

export function createHistory(): History {
  let version = FIRST_VERSION;
  let oldest = FIRST_VERSION;
  let happenings: Happening[] = [];
  const watchers = new Set<Watcher>();
  const expired = (since: number): CodedError =>
    new CodedError('kube-expired', { detail: `410 too old resource version: ${since} (${oldest})` });
  const end = (error?: CodedError): void => watchers.forEach((watcher) => watcher.end(error));

  return {
    version: () => version,
    next: () => (version += 1),
    record(happening) {
      happenings.push(happening);
      for (const watcher of watchers) watcher.offer(happening);
    },
    bookmark: () => watchers.forEach((watcher) => watcher.bookmark()),
    end,
    expire() {
      happenings = [];
      // Something else happened meanwhile, as it always does on a server that forgets.
      version += 1;
      oldest = version;
      end(expired(version - 1));
    },
    async *watch({ collection, matches, since, signal }) {
      if (since < oldest) throw expired(since);
      const queue: WatchEvent<KubeObject>[] = [];
      let ended = false;
      let failure: CodedError | undefined;
      let wake = (): void => undefined;
      const watcher: Watcher = {
        offer(happening) {
          if (happening.collection !== collection || happening.version <= since) return;
          const event = eventOf(happening, matches);
          if (event !== undefined) queue.push(event);
          wake();
        },
        bookmark() {
          queue.push({ type: 'bookmark', resourceVersion: String(version) });
          wake();
        },
        end(error) {
          ended = true;
          failure = error;
          wake();
        },
      };
      const leave = (): void => watcher.end();
      signal.addEventListener('abort', leave, { once: true });
      for (const happening of happenings) watcher.offer(happening);
      watchers.add(watcher);
      try {
        while (!signal.aborted) {
          const event = queue.shift();
          if (event !== undefined) yield event;
          else if (failure !== undefined) throw failure;
          else if (ended) return;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        watchers.delete(watcher);
        signal.removeEventListener('abort', leave);
      }
    },
  };
}

/** To whom watches with a selector, an object appears when it begins to match and is deleted when it ceases to. */
function eventOf({ before, after, last }: Happening, matches: Matcher): WatchEvent<KubeObject> | undefined {
  const was = before !== undefined && matches(before);
  const is = after !== undefined && matches(after);
  if (!was && !is) return undefined;
  // Each watcher has a copy of its own, as from a wire.
  const object = structuredClone(last);
  if (!was) return { type: 'added', object };
  return { type: is ? 'modified' : 'deleted', object };
}
