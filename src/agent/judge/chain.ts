import { links } from '../../core/names.ts';

/** All pods' links, as nft matches names. */
export const veths = `"${links.hostVethPrefix}*"`;

/** A chain as lines of nft; `hook` is empty for one that others jump to. */
export const chain = (name: string, hook: string, rules: readonly string[]): readonly string[] => [
  `chain ${name} {`,
  ...(hook === '' ? [] : [hook]),
  ...rules,
  '}',
];
