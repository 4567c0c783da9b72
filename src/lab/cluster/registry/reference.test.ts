import { describe, expect, it } from 'vitest';

import { formatReference, parseReference } from './reference.ts';

describe('the name of an image', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['redis:7-alpine', 'docker.io/library/redis:7-alpine'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['team/app:1.2', 'docker.io/team/app:1.2'],
    ['ghcr.io/team/app', 'ghcr.io/team/app:latest'],
    ['localhost/app:dev', 'localhost/app:dev'],
    ['registry.local:5000/app:dev', 'registry.local:5000/app:dev'],
  ])('%s is %s', (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full);
  });

  it.each(['', 'Nginx', 'a b', 'nginx:', '../etc', 'nginx@sha256:00', 'docker.io/library/'])('is not “%s”', (text) => {
    expect(() => parseReference(text)).toThrow('not the name of an image');
  });
});
