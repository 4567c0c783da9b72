/** A set of security groups is known by a short key, the same whatever order its groups come in. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** The ids in the order that records, keys and EC2 calls use, each once. */
export const sortedGroups = (groups: readonly string[]): readonly string[] => [...new Set(groups)].sort();

/** A node knows a handful of sets, a controller some hundreds, and each pod asks for its set's key a few times. */
const known = new Map<string, string>();
const MOST_KNOWN = 4096;

/** First 16 hex digits of SHA-256 over the sorted ids joined by commas. */
export function setKey(groups: readonly string[]): string {
  const text = sortedGroups(groups).join(',');
  const key = known.get(text) ?? shortHash(text, 16);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(text, key);
  return key;
}

/** The first `digits` hex digits of SHA-256 over `text`. */
export const shortHash = (text: string, digits: number): string =>
  bytesToHex(sha256(utf8ToBytes(text))).slice(0, digits);
