/** What an image is, before it has a form: layers of files, and how a container of it is started. */
import type { TarEntry } from './tar.ts';

export interface Image {
  /** With registry and tag, e.g. `docker.io/library/busybox:1.35`. */
  readonly name: string;
  /** What changes least comes first: engines keep a layer that they have. */
  readonly layers: readonly (readonly TarEntry[])[];
  readonly config: ImageConfig;
}

/** The defaults of a container; what is absent is the engine's own default. */
export interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  /** The variable PATH. */
  readonly path: string;
  /** Further variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Name or number; default root. */
  readonly user?: string;
  readonly workingDir?: string;
  /** Such as `80/tcp`; for people, it opens nothing. */
  readonly ports?: readonly string[];
  /** Folders that the engine keeps outside the image's own filesystem. */
  readonly volumes?: readonly string[];
  /** Default SIGTERM. */
  readonly stopSignal?: string;
}

/** In the words of image configs. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
export const imageArchitecture = architectures[process.arch] ?? process.arch;

/** @param diffIds SHA-256 of each layer's tar archive, in hex. */
export function renderImageConfig(config: ImageConfig, diffIds: readonly string[]): Uint8Array {
  const { path, env = {}, ports, volumes } = config;
  const flags = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]));
  const fields: readonly (readonly [string, unknown])[] = [
    ['User', config.user],
    ['ExposedPorts', ports === undefined ? undefined : flags(ports)],
    ['Env', Object.entries({ PATH: path, ...env }).map(([key, value]) => `${key}=${value}`)],
    ['Entrypoint', config.entrypoint],
    ['Cmd', config.command],
    ['Volumes', volumes === undefined ? undefined : flags(volumes)],
    ['WorkingDir', config.workingDir],
    ['StopSignal', config.stopSignal],
  ];
  const text = JSON.stringify({
    architecture: imageArchitecture,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: Object.fromEntries(fields.filter(([, value]) => value !== undefined)),
    rootfs: { type: 'layers', diff_ids: diffIds.map((hex) => `sha256:${hex}`) },
  });
  return Buffer.from(text);
}
