/** The SDK's client as the controller wants it: bounded in time, few attempts of its own. */
import { EC2Client } from '@aws-sdk/client-ec2';

export interface Ec2ClientOptions {
  /**
   * Read here: AWS_ENDPOINT_URL (and AWS_ENDPOINT_URL_EC2 before it), AWS_REGION, AWS_DEFAULT_REGION and the key pair
   * with its session token. What is absent, the SDK looks for in its own chain: profiles, a service account's web
   * identity, pod identity, instance metadata.
   */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default 3. Whoever retries anyway sets 1. */
  readonly maxAttempts?: number;
  /** Default 2000. */
  readonly connectTimeoutMs?: number;
  /** Default 15000: EC2's slowest calls on this port take about ten seconds. */
  readonly requestTimeoutMs?: number;
}

export function createEc2Client(options: Ec2ClientOptions): EC2Client {
  const { environment, maxAttempts = 3, connectTimeoutMs = 2000, requestTimeoutMs = 15_000 } = options;
  const endpoint = environment['AWS_ENDPOINT_URL_EC2'] ?? environment['AWS_ENDPOINT_URL'];
  const region = environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = environment['AWS_SESSION_TOKEN'];
  return new EC2Client({
    maxAttempts,
    // Adaptive mode would hold calls back by a guess of its own; the budget is the controller's.
    retryMode: 'standard',
    // Without throwOnRequestTimeout the SDK only logs a request that takes too long.
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && {
        credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
      }),
  });
}
