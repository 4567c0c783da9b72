/** The settings in force, and who is told when they change. */
import { readSettings, type SettingProblem, type Settings, type SettingValues } from '../core/settings/settings.ts';
import type { Informer } from '../kube/port.ts';
import type { Log } from './log.ts';

export interface LiveSettings {
  current(): Settings;
  onChange(listener: () => void): () => void;
}

export interface LiveSettingsOptions {
  /** In the order of `SETTINGS_CONFIG_MAPS`; each holds one object or none. */
  readonly configMaps: readonly Informer<SettingValues>[];
  readonly environment: SettingValues;
  readonly log: Log;
}

export function createLiveSettings({ configMaps, environment, log }: LiveSettingsOptions): LiveSettings {
  const listeners = new Set<() => void>();
  const read = (previous?: Settings): { settings: Settings; problems: readonly SettingProblem[] } =>
    readSettings({
      configMaps: configMaps.map((informer) => informer.all()[0]),
      environment,
      ...(previous === undefined ? {} : { previous }),
    });
  let { settings } = read();
  for (const informer of configMaps) {
    informer.onChange(() => {
      const next = read(settings);
      for (const { name, error } of next.problems) log.warn({ setting: name, error: error.message }, 'setting refused');
      if (JSON.stringify(next.settings) === JSON.stringify(settings)) return;
      settings = next.settings;
      log.info({ settings }, 'settings in force');
      for (const listener of listeners) listener();
    });
  }
  return {
    current: () => settings,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
