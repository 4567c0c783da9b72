/** Which Debian packages an image is made of: those that are asked for, and what these need. Pure. */

/** What images have no use for: configuration at installation, starting at boot, and what only that needs. */
const never = [
  'adduser',
  'debconf',
  'dpkg',
  'init-system-helpers',
  'install-info',
  'libpam-modules',
  'libpam-runtime',
  'locales',
  'lsb-base',
  'openssl',
  'perl',
  'perl-base',
  'usr-is-merged',
  'usrmerge',
  'util-linux-extra',
];

export interface ClosureOptions {
  /** What `apt-cache depends --recurse` prints of the roots. */
  readonly listing: string;
  readonly roots: readonly string[];
  /** Left out, with all that only they need. */
  readonly without?: readonly string[];
}

/** Of alternatives the first is taken, as apt does where none is installed. In alphabetical order. */
export function packageClosure({ listing, roots, without = [] }: ClosureOptions): readonly string[] {
  const needs = parseDepends(listing);
  const left = new Set([...never, ...without]);
  const found = new Set<string>();
  const open = [...roots];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    const wanted = needs.get(name);
    if (wanted === undefined) throw new Error(`apt knows no package ${name}`);
    found.add(name);
    open.push(...wanted.filter((each) => !left.has(each)));
  }
  return [...found].toSorted();
}

/** Per package, the packages that it needs. */
function parseDepends(listing: string): ReadonlyMap<string, readonly string[]> {
  const needs = new Map<string, string[]>();
  let current: string[] = [];
  /** The dependency before this line was an alternative to this one. */
  let decided = false;
  /** Who provides the virtual package of the line before is still to be said. */
  let virtual = false;
  for (const line of listing.split('\n')) {
    const [, bar = '', target = ''] = /^ ([ |])(?:Pre)?Depends: (\S+)/.exec(line) ?? [];
    const [, provider = ''] = /^ {4}(\S+)$/.exec(line) ?? [];
    if (target !== '') {
      virtual = target.startsWith('<') && !decided;
      if (!virtual && !decided && !target.startsWith('<')) current.push(withoutArchitecture(target));
      decided = bar === '|';
    } else if (provider !== '') {
      if (virtual) current.push(withoutArchitecture(provider));
      virtual = false;
    } else if (/^\S/.test(line)) {
      current = [];
      decided = virtual = false;
      needs.set(withoutArchitecture(line), current);
    }
  }
  return needs;
}

const withoutArchitecture = (name: string): string => name.replace(/:\w+$/, '');
