/** The network configuration on a plugin's stdin: what we read of it is checked by name, what we do not know is kept. */
import * as v from 'valibot';

import { CodedError, describeError } from '../core/errors/coded-error.ts';
import { type CniVersion, isSupportedVersion, supportedVersions } from './protocol.ts';

const attachment = v.looseObject({ containerID: v.string(), ifname: v.string() });

const schema = v.looseObject({
  cniVersion: v.optional(v.string(), ''),
  name: v.pipe(
    v.string(),
    v.regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'must begin with a letter or digit, then also _ . -'),
  ),
  type: v.pipe(v.string(), v.nonEmpty('must not be empty')),
  /** Set by the runtime for DEL, CHECK and chained plugins; never read back: the journal knows better. */
  prevResult: v.optional(v.looseObject({})),
  runtimeConfig: v.optional(v.looseObject({})),
  capabilities: v.optional(v.record(v.string(), v.boolean())),
  /** GC: what the runtime still has. */
  'cni.dev/valid-attachments': v.optional(v.array(attachment)),
});

export interface NetworkConfig {
  readonly cniVersion: CniVersion;
  readonly name: string;
  readonly type: string;
  readonly validAttachments: readonly { readonly containerID: string; readonly ifname: string }[] | undefined;
  /** The whole object as it came. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Throws cni-config-invalid, which names the key, or cni-version-unsupported. */
export function parseNetworkConfig(stdin: Uint8Array): NetworkConfig {
  const parsed = v.safeParse(schema, parseJson(stdin));
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw new CodedError('cni-config-invalid', {
      detail: `${v.getDotPath(issue) ?? 'the configuration'}: ${issue.message}`,
    });
  }
  const { cniVersion, name, type } = parsed.output;
  if (!isSupportedVersion(cniVersion)) {
    const detail = `"${cniVersion}" is not among ${supportedVersions.join(', ')}`;
    throw new CodedError('cni-version-unsupported', { detail });
  }
  const validAttachments = parsed.output['cni.dev/valid-attachments'];
  return { cniVersion, name, type, validAttachments, raw: parsed.output };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(stdin: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(stdin));
  } catch (error) {
    throw new CodedError('cni-config-invalid', { detail: `stdin is no JSON: ${describeError(error)}`, cause: error });
  }
}
