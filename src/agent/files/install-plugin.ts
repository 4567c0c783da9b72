/** Puts the plugin and its configuration list onto the machine; a stopping agent leaves both. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describeError } from '../../core/errors/coded-error.ts';
import { paths } from '../../core/names.ts';
import type { Log } from '../../daemon/log.ts';
import type { Clock } from '../clock.ts';
import { replaceFile } from './replace-file.ts';

export interface KeepOptions {
  /** The plugin in the image. */
  readonly shim: string;
  readonly binDir: string;
  readonly confDir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Runtimes may start the plugin at any moment, so it is never half there. */
export function installPlugin(shim: string, binFolder: string): void {
  const target = join(binFolder, paths.pluginName);
  const content = readFileSync(shim);
  if (existsSync(target) && readFileSync(target).equals(content)) return;
  replaceFile(target, content, 0o755);
}

/** The list's presence tells kubelet that the node serves pods: written after the first self-test and not before. */
export function writeConflist(configFolder: string, binFolder: string): void {
  const list = JSON.stringify(conflist(existsSync(join(binFolder, 'portmap'))), undefined, 2);
  const target = join(configFolder, paths.conflistName);
  if (existsSync(target) && readFileSync(target, 'utf8') === `${list}\n`) return;
  replaceFile(target, `${list}\n`, 0o644);
}

/** Bootstrap scripts and other CNIs' installers clean up these folders. */
const LOOK_EVERY_MS = 5000;

/** Writes both now, and again whenever somebody has taken one away or changed it. Returns how to stop. */
export function keepInstalled({ shim, binDir, confDir, clock, log }: KeepOptions): () => void {
  let cancel = (): void => undefined;
  const look = (): void => {
    try {
      installPlugin(shim, binDir);
      writeConflist(confDir, binDir);
    } catch (error) {
      log.error({ error: describeError(error) }, 'could not write the plugin or its configuration list');
    }
    cancel = clock.after(LOOK_EVERY_MS, look);
  };
  look();
  return () => cancel();
}

/** 1.0.0, since the plugins that are chained may not speak 1.1.0. */
export const conflist = (withPortmap: boolean): object => ({
  cniVersion: '1.0.0',
  name: 'branchline',
  plugins: [
    { type: paths.pluginName },
    ...(withPortmap ? [{ type: 'portmap', capabilities: { portMappings: true }, snat: true }] : []),
  ],
});
