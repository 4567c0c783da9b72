/**
 * EC2's request rate limits: a token bucket for each call of the account, refilled every second, with the sizes that
 * AWS publishes ("Request throttling for the Amazon EC2 API").
 */

export interface BucketSize {
  readonly capacity: number;
  readonly refillPerSecond: number;
}

const size = (capacity: number, refillPerSecond: number): BucketSize => ({ capacity, refillPerSecond });

const reading = size(100, 20);
/** The same calls when they ask for everything, without filter, ids or page. */
const readingAll = size(50, 10);
const changing = size(50, 5);
const addressing = size(100, 5);
const tagging = size(100, 10);

const expensiveUnfiltered = new Set([
  'DescribeInstances',
  'DescribeInstanceStatus',
  'DescribeNetworkInterfaces',
  'DescribeSecurityGroups',
  'DescribeSnapshots',
  'DescribeSpotInstanceRequests',
  'DescribeVolumes',
]);

const sizes: Readonly<Record<string, BucketSize>> = {
  AssignPrivateIpAddresses: addressing,
  UnassignPrivateIpAddresses: addressing,
  AssignIpv6Addresses: addressing,
  CreateNetworkInterface: addressing,
  DeleteNetworkInterface: addressing,
  ModifyNetworkInterfaceAttribute: addressing,
  ModifyInstanceMetadataOptions: addressing,
  TerminateInstances: addressing,
  CreateTags: tagging,
  DeleteTags: tagging,
  RunInstances: size(5, 2),
  CreateNatGateway: size(10, 1),
  DeleteNatGateway: size(10, 1),
  DescribeSecurityGroupReferences: size(20, 5),
  DescribeStaleSecurityGroups: size(20, 5),
};

/** Besides the request's token, one for each instance. */
const instanceSizes: Readonly<Record<string, BucketSize>> = {
  RunInstances: size(1000, 2),
  TerminateInstances: size(1000, 20),
};

export interface Draw {
  readonly action: string;
  /** Neither filter nor ids nor page. */
  readonly unfiltered: boolean;
  /** Instances that the call is about. */
  readonly instances: number;
}

/** The buckets that a call draws from, and how much from each. */
export function bucketsOf({ action, unfiltered, instances }: Draw): readonly {
  readonly name: string;
  readonly size: BucketSize;
  readonly tokens: number;
}[] {
  const perInstance = instanceSizes[action];
  const all = unfiltered && expensiveUnfiltered.has(action);
  const request = sizes[action] ?? (/^(Describe|Get|List|Search)/.test(action) ? reading : changing);
  return [
    all ? { name: `${action}/unfiltered`, size: readingAll, tokens: 1 } : { name: action, size: request, tokens: 1 },
    ...(perInstance === undefined ? [] : [{ name: `${action}/instances`, size: perInstance, tokens: instances }]),
  ];
}

export class TokenBuckets {
  readonly #levels = new Map<string, { tokens: number; readonly atMs: number }>();

  /** Takes what the call needs from all of its buckets, or nothing from any: then EC2 refuses it. */
  take(draw: Draw, nowMs: number): boolean {
    const wanted = bucketsOf(draw).map((bucket) => {
      const { capacity, refillPerSecond } = bucket.size;
      const last = this.#levels.get(bucket.name) ?? { tokens: capacity, atMs: nowMs };
      // Refilled once a second, as AWS says, not continuously.
      const seconds = Math.floor((nowMs - last.atMs) / 1000);
      const level = {
        tokens: Math.min(capacity, last.tokens + seconds * refillPerSecond),
        atMs: last.atMs + seconds * 1000,
      };
      this.#levels.set(bucket.name, level);
      return { ...bucket, level };
    });
    if (wanted.some(({ level, tokens }) => level.tokens < tokens)) return false;
    for (const { level, tokens } of wanted) level.tokens -= tokens;
    return true;
  }
}
