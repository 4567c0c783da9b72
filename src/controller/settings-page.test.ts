import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readSettings, type SettingValues } from '../core/settings/settings.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/settings.md'), 'utf8');
const rows = [...page.matchAll(/^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \| .* \|$/gm)].map(
  ([, name = '', fallback = '', takes = '', readBy = '']) => ({ name, fallback, takes, readBy }),
);

/** The settings of one value alone, and whether it was taken. */
const withOnly = (name: string, value: string) => {
  const { settings, problems } = readSettings({ configMaps: [{ [name]: value }], environment: {} });
  return { settings, taken: problems.length === 0 };
};
const defaults = readSettings({ configMaps: [], environment: {} }).settings;

/** The names that are looked for, whatever they are. */
function namesRead(): readonly string[] {
  const names = new Set<string>();
  const environment = new Proxy<SettingValues>({}, { get: (_, name) => (names.add(String(name)), undefined) });
  readSettings({ configMaps: [], environment });
  return [...names].sort();
}

describe('docs/settings.md', () => {
  it('lists exactly the settings that are read', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(namesRead());
  });

  it.each(rows)('states the default of $name', ({ name, fallback }) => {
    const literal = fallback === 'none' ? '' : /^`(.*)`$/.exec(fallback)?.[1];
    if (literal === undefined) {
      const other = /^as `(.*)`$/.exec(fallback)?.[1] ?? '';
      expect(withOnly(other, '1400').settings.podMtu).toBe(1400);
    } else {
      expect(withOnly(name, literal)).toEqual({ settings: defaults, taken: true });
    }
  });

  it.each(rows)('states what $name takes', ({ name, takes }) => {
    const [, least, most] = /^(\d+) to (\d+)$/.exec(takes) ?? [];
    if (least === undefined || most === undefined) {
      for (const [, value = ''] of takes.matchAll(/`(\w+)`/g)) expect(withOnly(name, value).taken).toBe(true);
      expect(withOnly(name, 'maybe').taken).toBe(false);
      return;
    }
    for (const value of [Number(least), Number(most)]) expect(withOnly(name, String(value)).taken).toBe(true);
    for (const value of [Number(least) - 1, Number(most) + 1]) expect(withOnly(name, String(value)).taken).toBe(false);
  });

  it.each(rows)('names processes that read $name', ({ readBy }) => {
    for (const process of readBy.split(', ')) expect(['agent', 'controller']).toContain(process);
  });
});
