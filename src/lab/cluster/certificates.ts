/** The cluster's certificate authority and what it signs: made anew at each start, gone with the lab. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { runStrict } from '../supervisor/run.ts';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Identity {
  /** Kubernetes' user name. */
  readonly user: string;
  /** Kubernetes' groups. */
  readonly groups?: readonly string[];
  /** For servers: `DNS:…` and `IP:…`. */
  readonly names?: readonly string[];
}

export interface CertificateAuthority {
  /** Path of the CA's certificate. */
  readonly cert: string;
  /** Paths of a new certificate and its key. */
  issue(file: string, identity: Identity): Promise<KeyPair>;
}

const DAYS = '365';
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
const newCertificate = ['req', '-x509', '-days', DAYS, ...newKey];
const extensions = (...texts: readonly string[]): readonly string[] => texts.flatMap((text) => ['-addext', text]);

export async function createCertificateAuthority(folder: string): Promise<CertificateAuthority> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pair = (file: string): KeyPair => ({ cert: join(folder, `${file}.crt`), key: join(folder, `${file}.key`) });
  const ca = pair('ca');
  const request = (to: KeyPair, subject: string, extra: readonly string[]): Promise<string> =>
    runStrict('openssl', [...newCertificate, '-keyout', to.key, '-out', to.cert, '-subj', subject, ...extra]);
  await request(ca, '/CN=kubernetes', extensions('keyUsage=critical,keyCertSign,digitalSignature'));
  return {
    cert: ca.cert,
    async issue(file, { user, groups = [], names = [] }) {
      const to = pair(file);
      const subject = [...groups.map((group) => `/O=${group}`), `/CN=${user}`].join('');
      const isServer = names.length > 0;
      const what = extensions(
        'basicConstraints=critical,CA:FALSE',
        'keyUsage=critical,digitalSignature',
        `extendedKeyUsage=${isServer ? 'serverAuth,clientAuth' : 'clientAuth'}`,
        ...(isServer ? [`subjectAltName=${names.join(',')}`] : []),
      );
      await request(to, subject, ['-CA', ca.cert, '-CAkey', ca.key, ...what]);
      return to;
    },
  };
}

/** The key pair with which service account tokens are signed and checked. */
export async function createServiceAccountKey(folder: string): Promise<string> {
  const path = join(folder, 'service-account.key');
  await runStrict('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', path]);
  return path;
}
