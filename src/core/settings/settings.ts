/**
 * The settings that a user writes, read the same by agent and controller: the first source that has a value wins, a
 * value that cannot be taken leaves the last valid one in force. It must never read its sources itself.
 */
import { formatPrefix4, parsePrefix4Loosely } from '../address/prefix.ts';
import { CodedError } from '../errors/coded-error.ts';

export interface Settings {
  /** `ENABLE_POD_ENI`: pods may ask for security groups. Default false. */
  readonly podGroupsEnabled: boolean;
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
  eniMtu: 9001,
  podMtu: 9001,
  rulesPollSeconds: 10,
  externalSnat: false,
  excludeSnatCidrs: [],
};

export function readSettings(sources: SettingSources): { settings: Settings; problems: readonly SettingProblem[] } {
  const problems: SettingProblem[] = [];
  const layers = [...sources.configMaps.filter((data) => data !== undefined), sources.environment];
  const read = <T>(name: string, parse: (text: string) => T | string, previous: T | undefined, otherwise: T): T => {
    const text = layers.find((layer) => layer[name] !== undefined && layer[name] !== '')?.[name];
    if (text === undefined) return otherwise;
    const value = parse(text.trim());
    if (typeof value !== 'string') return value;
    problems.push({ name, error: new CodedError('setting-invalid', { detail: `${name} is "${text}", ${value}` }) });
    return previous ?? otherwise;
  };
  const { previous } = sources;
  const eniMtu = read('AWS_VPC_ENI_MTU', wholeNumber(576, 9001), previous?.eniMtu, defaultSettings.eniMtu);
  const settings: Settings = {
    podGroupsEnabled: read('ENABLE_POD_ENI', boolean, previous?.podGroupsEnabled, defaultSettings.podGroupsEnabled),
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

/** What Go's strconv.ParseBool takes, as upstream does. */
const booleans: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  true: true,
  '0': false,
  f: false,
  false: false,
};

/** A parser returns a text when it refuses: what the value must be. */
const boolean = (text: string): boolean | string => booleans[text.toLowerCase()] ?? 'and must be true or false';

const wholeNumber =
  (least: number, most: number) =>
  (text: string): number | string => {
    const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : `and must be a whole number from ${least} to ${most}`;
  };

/** Bits beyond a range's length are cleared, as upstream does. */
function ranges(text: string): readonly string[] | string {
  const parsed = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parsePrefix4Loosely);
  const refused = parsed.find((one) => !one.ok);
  if (refused !== undefined) return `and must be IPv4 ranges separated by commas: ${refused.reason}`;
  return parsed.flatMap((one) => (one.ok ? [formatPrefix4(one.value)] : []));
}
