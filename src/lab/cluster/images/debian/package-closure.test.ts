import { describe, expect, it } from 'vitest';

import { packageClosure } from './package-closure.ts';

/** As apt-cache prints it. */
const listing = `server
  PreDepends: base
 |Depends: first-choice
  Depends: second-choice
  Depends: <virtual>
    provider-one
    provider-two
 |Depends: debconf
  Depends: <debconf-2.0>
    cdebconf
    debconf
  Depends: big:any
base
first-choice
second-choice
<virtual>
provider-one
  Depends: base
provider-two
debconf
  Depends: perl
cdebconf
<debconf-2.0>
big
  Depends: only-of-big
only-of-big
perl
`;

describe('the closure of a package', () => {
  it('is what it needs, of alternatives and providers the first, and nothing of installing and starting', () => {
    expect(packageClosure({ listing, roots: ['server'] })).toEqual([
      'base',
      'big',
      'first-choice',
      'only-of-big',
      'provider-one',
      'server',
    ]);
  });

  it('leaves out what is not wanted, with all that only this needs', () => {
    expect(packageClosure({ listing, roots: ['server'], without: ['big', 'provider-one'] })).toEqual([
      'base',
      'first-choice',
      'server',
    ]);
  });

  it('names a package that apt does not know', () => {
    expect(() => packageClosure({ listing, roots: ['nosuch'] })).toThrow('nosuch');
  });
});
