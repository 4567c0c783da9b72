/** How long EC2's calls take, and how long what they begin takes to arrive. */
import type { Settling } from '../state/context.ts';

/** From, to, in milliseconds; drawn evenly. */
type Range = readonly [number, number];

export interface LatencyProfile {
  readonly callMs: (action: string) => Range;
  readonly settlingMs: Readonly<Record<Settling, Range>>;
}

const quick: Range = [80, 150];
const change: Range = [200, 500];

const calls: Readonly<Record<string, Range>> = {
  CreateNetworkInterface: [300, 1000],
  AssignPrivateIpAddresses: [250, 400],
  UnassignPrivateIpAddresses: [250, 400],
  RunInstances: [800, 1800],
};

const at = (ms: number): Range => [ms, ms];

export const latencyProfiles = {
  fast: {
    callMs: () => at(0),
    settlingMs: {
      launch: at(0),
      terminate: at(0),
      attach: at(0),
      detach: at(0),
      associateCidr: at(0),
      natGateway: at(0),
    },
  },
  /** Near what AWS's users report; EC2 publishes none of it. */
  ec2: {
    callMs: (action) => calls[action] ?? (action.startsWith('Describe') ? quick : change),
    settlingMs: {
      launch: [1500, 3000],
      terminate: [5000, 15_000],
      attach: [1000, 3000],
      detach: [2000, 8000],
      associateCidr: [1000, 4000],
      // Minutes, where it is real.
      natGateway: [5000, 10_000],
    },
  },
} as const satisfies Readonly<Record<string, LatencyProfile>>;

export type LatencyName = keyof typeof latencyProfiles;

export const drawFrom = ([from, to]: Range, random: () => number): number => Math.round(from + (to - from) * random());
