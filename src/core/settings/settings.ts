/**
 * The settings that a user writes, read the same by agent and controller: the first source that has a value wins, a
 * value that cannot be taken leaves the last valid one in force. It must never read its sources itself.
 */
import { formatPrefix4, parsePrefix4Loosely } from '../address/prefix.ts';
import { CodedError } from '../errors/coded-error.ts';

/**
 * How pods that ask for groups are served: by interfaces that Branchline makes and the pods of a set share, or by the
 * branch interface that EKS's own controller gives each of them.
 */
export const podGroupsModes = ['shared', 'eks'] as const;
export type PodGroupsMode = (typeof podGroupsModes)[number];

export interface Settings {
  /** `ENABLE_POD_ENI`: pods may ask for security groups. Default false. */
  readonly podGroupsEnabled: boolean;
  /** `POD_GROUPS_MODE`: of pods that start from then on. Default `shared`. */
  readonly podGroupsMode: PodGroupsMode;
  /** `AWS_VPC_ENI_MTU`: MTU of the node's interfaces. Default 9001, the VPC's own. */
  readonly eniMtu: number;
  /** `POD_MTU`: default is {@link eniMtu}. */
  readonly podMtu: number;
  /** `SECURITY_GROUP_POLL_SECONDS`: how stale a group's rules may be on the nodes. Default 10; each poll is an EC2 call. */
  readonly rulesPollSeconds: number;
  /** `AWS_VPC_K8S_CNI_EXTERNALSNAT`: no pod is translated on the node, something outside it does so. Default false. */
  readonly externalSnat: boolean;
  /** `AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS`: IPv4 ranges beyond the VPC that see pods under their own addresses. */
  readonly excludeSnatCidrs: readonly string[];
}

export type SettingValues = Readonly<Record<string, string | undefined>>;

export interface SettingSources {
  /** The data of the ConfigMaps of `SETTINGS_CONFIG_MAPS`, in that order; undefined where one does not exist. */
  readonly configMaps: readonly (SettingValues | undefined)[];
  readonly environment: SettingValues;
  /** What was in force before. */
  readonly previous?: Settings;
}

export interface SettingProblem {
  readonly name: string;
  readonly error: CodedError;
}

export const defaultSettings: Settings = {
  podGroupsEnabled: false,
  podGroupsMode: 'shared',
  eniMtu: 9001,
  podMtu: 9001,
  rulesPollSeconds: 10,
  externalSnat: false,
  excludeSnatCidrs: [],
};

export function readSettings(sources: SettingSources): { settings: Settings; problems: readonly SettingProblem[] } {
  const problems: SettingProblem[] = [];
  const layers = [...sources.configMaps.filter((data) => data !== undefined), sources.environment];
  const read = <T>(name: string, parse: (text: string) => T | Refused, previous: T | undefined, otherwise: T): T => {
    const text = layers.find((layer) => layer[name] !== undefined && layer[name] !== '')?.[name];
    if (text === undefined) return otherwise;
    const value = parse(text.trim());
    if (!(value instanceof Refused)) return value;
    const detail = `${name} is "${text}", and must be ${value.wanted}`;
    problems.push({ name, error: new CodedError('setting-invalid', { detail }) });
    return previous ?? otherwise;
  };
  const { previous } = sources;
  const eniMtu = read('AWS_VPC_ENI_MTU', wholeNumber(576, 9001), previous?.eniMtu, defaultSettings.eniMtu);
  const settings: Settings = {
    podGroupsEnabled: read('ENABLE_POD_ENI', boolean, previous?.podGroupsEnabled, defaultSettings.podGroupsEnabled),
    podGroupsMode: read(
      'POD_GROUPS_MODE',
      oneOf(podGroupsModes),
      previous?.podGroupsMode,
      defaultSettings.podGroupsMode,
    ),
    eniMtu,
    podMtu: read('POD_MTU', wholeNumber(576, 9001), previous?.podMtu, eniMtu),
    rulesPollSeconds: read(
      'SECURITY_GROUP_POLL_SECONDS',
      wholeNumber(1, 3600),
      previous?.rulesPollSeconds,
      defaultSettings.rulesPollSeconds,
    ),
    externalSnat: read('AWS_VPC_K8S_CNI_EXTERNALSNAT', boolean, previous?.externalSnat, defaultSettings.externalSnat),
    excludeSnatCidrs: read(
      'AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS',
      ranges,
      previous?.excludeSnatCidrs,
      defaultSettings.excludeSnatCidrs,
    ),
  };
  return { settings, problems };
}

/** What a parser answers to a value that cannot be taken. */
class Refused {
  readonly wanted: string;

  constructor(wanted: string) {
    this.wanted = wanted;
  }
}

/** What Go's strconv.ParseBool takes, as upstream does. */
const booleans: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  true: true,
  '0': false,
  f: false,
  false: false,
};

const boolean = (text: string): boolean | Refused => booleans[text.toLowerCase()] ?? new Refused('true or false');

const oneOf =
  <T extends string>(values: readonly T[]) =>
  (text: string): T | Refused =>
    values.find((value) => value === text) ?? new Refused(values.join(' or '));

const wholeNumber =
  (least: number, most: number) =>
  (text: string): number | Refused => {
    const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : new Refused(`a whole number from ${least} to ${most}`);
  };

/** Bits beyond a range's length are cleared, as upstream does. */
function ranges(text: string): readonly string[] | Refused {
  const parsed = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parsePrefix4Loosely);
  const refused = parsed.find((one) => !one.ok);
  if (refused !== undefined) return new Refused(`IPv4 ranges separated by commas: ${refused.reason}`);
  return parsed.flatMap((one) => (one.ok ? [formatPrefix4(one.value)] : []));
}
