/** The one edge at which our coded errors become CNI's error objects. */
import type { ErrorCode } from '../core/errors/catalogue.ts';
import { CodedError, describeError } from '../core/errors/coded-error.ts';
import { type CniErrorObject, cniErrorCodes } from './protocol.ts';

const codes: Partial<Record<ErrorCode, number>> = {
  'cni-request-invalid': cniErrorCodes.invalidEnvironment,
  'cni-config-invalid': cniErrorCodes.invalidConfig,
  'cni-version-unsupported': cniErrorCodes.incompatibleVersion,
  'frame-invalid': cniErrorCodes.decode,
  'attachment-missing': cniErrorCodes.unknownContainer,
};

export function cniErrorObject(cniVersion: string, error: unknown): CniErrorObject {
  if (!(error instanceof CodedError)) return { cniVersion, code: cniErrorCodes.plugin, msg: describeError(error) };
  const code = codes[error.code] ?? (error.entry.retry ? cniErrorCodes.tryAgainLater : cniErrorCodes.plugin);
  return {
    cniVersion,
    code,
    msg: `${error.entry.summary} (${error.code})`,
    details: `${error.detail}; ${error.entry.remedy}`,
  };
}
