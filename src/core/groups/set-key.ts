/** A set of security groups is known by a short key, the same whatever order its groups come in. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** The ids in the order that records, keys and EC2 calls use, each once. */
export const sortedGroups = (groups: readonly string[]): readonly string[] => [...new Set(groups)].sort();

/** First 16 hex digits of SHA-256 over the sorted ids joined by commas. */
export const setKey = (groups: readonly string[]): string => shortHash(sortedGroups(groups).join(','), 16);

/** The first `digits` hex digits of SHA-256 over `text`. */
export const shortHash = (text: string, digits: number): string =>
  bytesToHex(sha256(utf8ToBytes(text))).slice(0, digits);
