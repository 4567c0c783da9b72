/** What EC2 (or the way to it) answered with, as one of our codes. */
import type { ErrorCode } from '../core/errors/catalogue.ts';
import { CodedError, describeError } from '../core/errors/coded-error.ts';

/** EC2's own code, message and HTTP status, as the SDK's exceptions carry them. */
export interface Ec2Failure {
  readonly code: string;
  readonly message: string;
  /** Absent when no answer came. */
  readonly status?: number;
}

/** By EC2's code where it says enough; see the tables in AWS's API reference, "Error codes for the Amazon EC2 API". */
const byCode: Readonly<Record<string, ErrorCode>> = {
  AttachmentLimitExceeded: 'interface-slots-exhausted',
  SecurityGroupsPerInterfaceLimitExceeded: 'groups-too-many',
  UnauthorizedOperation: 'ec2-unauthorized',
  ExpiredToken: 'ec2-credentials-refused',
  IncompleteSignature: 'ec2-credentials-refused',
  InvalidClientTokenId: 'ec2-credentials-refused',
  MissingAuthenticationToken: 'ec2-credentials-refused',
  RequestExpired: 'ec2-credentials-refused',
  SignatureDoesNotMatch: 'ec2-credentials-refused',
  UnrecognizedClientException: 'ec2-credentials-refused',
  // The SDK's own, when its chain finds none.
  CredentialsProviderError: 'ec2-credentials-refused',
  InsufficientFreeAddressesInSubnet: 'subnet-full',
  InsufficientCidrBlocks: 'subnet-full',
  IdempotentParameterMismatch: 'ec2-token-mismatch',
  DependencyViolation: 'ec2-busy',
  IncorrectState: 'ec2-busy',
  'InvalidIPAddress.InUse': 'ec2-busy',
  'InvalidNetworkInterface.InUse': 'ec2-busy',
  'Resource.AlreadyAssigned': 'ec2-busy',
};

const throttling = new Set([
  'RequestLimitExceeded',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestThrottled',
  'RequestThrottledException',
  'TooManyRequestsException',
  'PriorRequestNotComplete',
  'EC2ThrottledException',
  'BandwidthLimitExceeded',
  'SlowDown',
]);

/** EC2 says several different things with InvalidParameterValue; only the sentence tells which. */
const bySentence: readonly (readonly [RegExp, ErrorCode])[] = [
  [/currently in use/, 'ec2-busy'],
  [/interface attached at device/, 'ec2-busy'],
  [/sufficient free Ipv4 addresses or prefixes/, 'subnet-full'],
];

export function codeOf({ code, message, status }: Ec2Failure): ErrorCode {
  if (Object.hasOwn(byCode, code)) return byCode[code] ?? 'ec2-refused';
  if (throttling.has(code)) return 'ec2-throttled';
  // Said of credentials and of objects that belong to somebody else.
  if (code === 'AuthFailure') return message.includes('credentials') ? 'ec2-credentials-refused' : 'ec2-unauthorized';
  if (code === 'InvalidParameterValue')
    return bySentence.find(([pattern]) => pattern.test(message))?.[1] ?? 'ec2-refused';
  if (code.endsWith('.NotFound')) return 'ec2-not-found';
  if (code.endsWith('LimitExceeded')) return 'ec2-limit-reached';
  if (status === undefined) return 'ec2-unreachable';
  return status >= 500 ? 'ec2-failed' : 'ec2-refused';
}

/** @param call the verb that failed, for whoever reads the message. */
export function toCodedError(call: string, thrown: unknown): CodedError {
  if (thrown instanceof CodedError) return thrown;
  const failure = failureOf(thrown);
  return new CodedError(codeOf(failure), {
    detail: `${failure.code}: ${failure.message} (${call})`,
    cause: thrown,
  });
}

/** EC2's own code of a coded error, which stands at the start of its detail. */
export const ec2CodeOf = (error: CodedError): string => error.detail.slice(0, Math.max(error.detail.indexOf(':'), 0));

function failureOf(thrown: unknown): Ec2Failure {
  if (!(thrown instanceof Error)) return { code: 'Unknown', message: describeError(thrown) };
  const { $metadata, code } = thrown as { $metadata?: { httpStatusCode?: number }; code?: unknown };
  const status = $metadata?.httpStatusCode;
  // Errors of sockets are called "Error" and carry their errno name as `code`.
  const name = thrown.name === 'Error' && typeof code === 'string' ? code : thrown.name;
  return { code: name, message: thrown.message, ...(status !== undefined && { status }) };
}

/** Runs a call; whatever it throws leaves as one of our errors. */
export async function coded<T>(call: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toCodedError(call, error);
  }
}

/** What is to go away and is not there is success. */
export async function unlessGone(call: string, work: () => Promise<void>): Promise<void> {
  await coded(call, work).catch((error: unknown) => {
    if (!isCoded(error, 'ec2-not-found')) throw error;
  });
}

export const isCoded = (error: unknown, code: ErrorCode): error is CodedError =>
  error instanceof CodedError && error.code === code;
