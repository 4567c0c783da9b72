/** Reads what nft lists of the judgement's table, to tell whether somebody else has changed it. */

export interface Listing {
  /** Chains, rules and definitions, without the elements that come and go with pods. */
  readonly structure: string;
  /** How many elements each set and map has that has no ranges. */
  readonly counts: ReadonlyMap<string, number>;
}

/** A definition in a table, up to the brace that closes it; nft indents by tabs. */
const definition = /^\t(?:set|map) (\S+) \{\n([\s\S]*?)^\t\}$/gm;
const elements = /^\t\telements = \{([\s\S]*?)\}\n/m;

export function readListing(text: string): Listing {
  const counts = new Map<string, number>();
  const structure = text.replaceAll(definition, (whole, name: string, body: string) => {
    // Ranges stand in the text that was written, and never change without it.
    if (body.includes('flags interval')) return whole;
    const own = elements.exec(body)?.[1];
    counts.set(name, own === undefined ? 0 : own.split(',').length);
    return whole.replace(elements, '');
  });
  return { structure, counts };
}
