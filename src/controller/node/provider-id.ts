/** The instance of a node, from `spec.providerID` alone: names and addresses can be anybody's, this is set once. */
import { CodedError } from '../../core/errors/coded-error.ts';

/** `aws:///us-west-2a/i-0123456789abcdef0`. */
export function instanceOf(providerId: string | undefined): string | CodedError {
  const [, instance] = /^aws:\/\/\/[a-z0-9-]+\/(i-(?:[0-9a-f]{8}|[0-9a-f]{17}))$/.exec(providerId ?? '') ?? [];
  if (instance !== undefined) return instance;
  return new CodedError('provider-id-invalid', {
    detail: providerId === undefined ? 'it is not set' : `it is "${providerId}"`,
  });
}
