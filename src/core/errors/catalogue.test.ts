import { describe, expect, it } from 'vitest';

import { type CatalogueEntry, type ErrorCode, catalogue } from './catalogue.ts';
import { CodedError, describeError } from './coded-error.ts';
import { errorsPage } from './errors-page.ts';

const entries = Object.entries(catalogue) as readonly (readonly [ErrorCode, CatalogueEntry])[];

describe('the error catalogue', () => {
  it('is what docs/errors.md says', async () => {
    await expect(errorsPage()).toMatchFileSnapshot('../../../docs/errors.md');
  });

  it.each(entries)('%s is a kebab-case code with a sentence and a next step', (code, { summary, remedy }) => {
    expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    // Parts of one message: no full stop and no line break.
    for (const text of [summary, remedy]) expect(text).toMatch(/^\S.*[^.;:\s]$/);
  });

  it('has no two codes with the same summary', () => {
    const summaries = entries.map(([, { summary }]) => summary);
    expect(new Set(summaries).size).toBe(summaries.length);
  });
});

describe('a coded error', () => {
  it('reads as summary, particulars, next step and code, and keeps its cause', () => {
    const cause = new Error('below');
    const error = new CodedError('group-unknown', { detail: 'sg-12345678', cause });
    expect(error.message).toBe(
      'a security group does not exist in this VPC: sg-12345678; check the id or name with `aws ec2 describe-security-groups` (group-unknown)',
    );
    expect(error.cause).toBe(cause);
    expect(error.entry).toBe(catalogue['group-unknown']);
    expect(error.name).toBe('CodedError');
  });

  it('describes whatever was thrown', () => {
    expect(describeError(new Error('text'))).toBe('text');
    expect(describeError('text')).toBe('text');
    expect(describeError(undefined)).toBe('undefined');
  });
});
