/** The settings in force, and who is told when they change. */
import { NAMESPACE, SETTINGS_CONFIG_MAPS } from '../core/names.ts';
import { readSettings, type SettingProblem, type Settings, type SettingValues } from '../core/settings/settings.ts';
import { type EventRecorder, reasonOf } from '../kube/events.ts';
import type { Informer } from '../kube/port.ts';
import type { Log } from '../daemon/log.ts';

export interface LiveSettings {
  current(): Settings;
  onChange(listener: () => void): () => void;
}

export interface LiveSettingsOptions {
  /** In the order of `SETTINGS_CONFIG_MAPS`; each holds one object or none. */
  readonly configMaps: readonly Informer<SettingValues>[];
  readonly environment: SettingValues;
  readonly log: Log;
  readonly events: EventRecorder;
}

export function createLiveSettings({ configMaps, environment, log, events }: LiveSettingsOptions): LiveSettings {
  const listeners = new Set<() => void>();
  const read = (previous?: Settings): { settings: Settings; problems: readonly SettingProblem[] } =>
    readSettings({
      configMaps: configMaps.map((informer) => informer.all()[0]),
      environment,
      ...(previous === undefined ? {} : { previous }),
    });
  /** Where it stands, which is where it is corrected. */
  const tell = ({ name, error }: SettingProblem): void => {
    log.warn({ setting: name, error: error.message }, 'setting refused');
    const configMap =
      SETTINGS_CONFIG_MAPS[configMaps.findIndex((informer) => (informer.all()[0]?.[name] ?? '') !== '')];
    if (configMap === undefined) return;
    const about = { apiVersion: 'v1', kind: 'ConfigMap', name: configMap, namespace: NAMESPACE };
    void events.record({ about, type: 'Warning', reason: reasonOf(error.code), message: error.message });
  };
  let { settings } = read();
  for (const informer of configMaps) {
    informer.onChange(() => {
      const next = read(settings);
      for (const problem of next.problems) tell(problem);
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
