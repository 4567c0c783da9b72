/** Pages and chunks: what EC2 asks of a caller that reads much. */

/** Every item of every page, in order. An empty page that has a token is not the last one. */
export async function allPages<P extends { NextToken?: string | undefined }, T>(options: {
  readonly page: (token: string | undefined) => Promise<P>;
  readonly items: (page: P) => readonly T[] | undefined;
}): Promise<readonly T[]> {
  const all: T[] = [];
  let token: string | undefined;
  do {
    const page = await options.page(token);
    all.push(...(options.items(page) ?? []));
    token = page.NextToken === '' ? undefined : page.NextToken;
  } while (token !== undefined);
  return all;
}

/** A filter takes at most 200 values. */
export const FILTER_VALUES = 200;

export function chunks<T>(values: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    values.slice(index * size, (index + 1) * size),
  );
}
