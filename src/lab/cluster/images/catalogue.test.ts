import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { parseReference } from '../registry/reference.ts';
import { imageCatalogue } from './catalogue.ts';

const root = join(import.meta.dirname, '../../../..');
const recipes = imageCatalogue({ root, kubernetes: undefined });

describe('the catalogue of images', () => {
  it.each(recipes.map((recipe) => [recipe.name, recipe] as const))(
    '%s has a full name and starts something',
    (name, recipe) => {
      expect(parseReference(name)).toEqual({ repository: name, tag: 'latest' });
      expect([...(recipe.config.entrypoint ?? []), ...(recipe.config.command ?? [])]).not.toEqual([]);
    },
  );

  it('has each name once', () => {
    expect(new Set(recipes.map(({ name }) => name)).size).toBe(recipes.length);
  });

  it('starts servers as their users know them', () => {
    const configOf = (name: string) => recipes.find((recipe) => recipe.name.endsWith(`/${name}`))?.config;
    expect(configOf('nginx')).toMatchObject({ command: ['nginx', '-g', 'daemon off;'], ports: ['80/tcp'] });
    expect(configOf('redis')).toMatchObject({ command: ['redis-server'], workingDir: '/data' });
    expect(configOf('postgres')).toMatchObject({ env: { PGDATA: '/var/lib/postgresql/data' }, stopSignal: 'SIGINT' });
  });
});
