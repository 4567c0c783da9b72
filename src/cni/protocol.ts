/**
 * The Container Network Interface as values: what a runtime asks, what we answer, in each version of the specification
 * from 0.3.0 to 1.1.0. It must never know how an attachment is made.
 */
import { CodedError } from '../core/errors/coded-error.ts';

export const supportedVersions = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;
export type CniVersion = (typeof supportedVersions)[number];
/** What an error object says when the request's own version is unknown. */
export const DEFAULT_VERSION: CniVersion = '1.0.0';

export const isSupportedVersion = (version: string): version is CniVersion =>
  (supportedVersions as readonly string[]).includes(version);

/** Codes of the specification, section "Error". */
export const cniErrorCodes = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  io: 5,
  decode: 6,
  invalidConfig: 7,
  tryAgainLater: 11,
  notAvailable: 50,
  notAvailableLimited: 51,
  /** The first that plugins may define; ours stands for every lasting trouble, and the message bears our own code. */
  plugin: 100,
} as const;

export interface CniErrorObject {
  readonly cniVersion: string;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

const commands = ['ADD', 'DEL', 'CHECK', 'VERSION', 'STATUS', 'GC'] as const;

/** The sandbox and the interface in it that ADD, DEL and CHECK are about. */
export interface CniTarget {
  readonly containerId: string;
  readonly ifname: string;
  /** Absent where the runtime has none any more; only DEL may lack it. */
  readonly netns: string | undefined;
  /** `CNI_ARGS`, e.g. K8S_POD_NAME. */
  readonly args: Readonly<Record<string, string>>;
}

export type CniRequest =
  | ({ readonly command: 'ADD' | 'CHECK'; readonly netns: string } & CniTarget)
  | ({ readonly command: 'DEL' } & CniTarget)
  | { readonly command: 'VERSION' | 'STATUS' | 'GC' };

/** Reads the `CNI_…` variables; throws cni-request-invalid and names the variable. */
export function parseCniRequest(environment: Readonly<Record<string, string>>): CniRequest {
  const command = commands.find((name) => name === environment['CNI_COMMAND']);
  if (command === undefined) throw invalid(`CNI_COMMAND is "${environment['CNI_COMMAND'] ?? ''}"`);
  if (command === 'VERSION' || command === 'STATUS' || command === 'GC') return { command };
  const containerId = environment['CNI_CONTAINERID'] ?? '';
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(containerId)) throw invalid(`CNI_CONTAINERID is "${containerId}"`);
  const ifname = environment['CNI_IFNAME'] ?? '';
  // The kernel's own rule for names of links.
  if (!/^[^\s/:]{1,15}$/.test(ifname) || ifname === '.' || ifname === '..') throw invalid(`CNI_IFNAME is "${ifname}"`);
  const netns = environment['CNI_NETNS'] === '' ? undefined : environment['CNI_NETNS'];
  const target = { containerId, ifname, args: parseArgs(environment['CNI_ARGS'] ?? '') };
  if (command === 'DEL') return { command, netns, ...target };
  if (netns === undefined) throw invalid('CNI_NETNS is empty');
  return { command, netns, ...target };
}

function parseArgs(text: string): Readonly<Record<string, string>> {
  const args: Record<string, string> = {};
  for (const pair of text.split(';')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    if (equals <= 0) throw invalid(`CNI_ARGS has "${pair}", which is no KEY=VALUE`);
    args[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  return args;
}

const invalid = (detail: string): CodedError => new CodedError('cni-request-invalid', { detail });
