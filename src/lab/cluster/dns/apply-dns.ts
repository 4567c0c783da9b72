/**
 * The cluster's DNS: applied, not awaited. Its pods are ordinary ones, so they run once a CNI does; whoever needs names
 * waits for the Deployment.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { lab } from '../../names.ts';
import { run } from '../../supervisor/run.ts';
import { COREDNS_IMAGE, corednsImage } from '../images/coredns-image.ts';

/** Any tag is served; this is the version in the one binary. */
const VERSION = 'v1.14.1';

export interface ApplyDnsOptions {
  /** The program. */
  readonly kubectl: string;
  readonly kubeconfig: string;
  /** What `ensureKubernetes` found. */
  readonly kubernetes: string;
  readonly say: (text: string) => void;
}

/** Says it where it fails: a cluster without names is still one. */
export async function applyDns({ kubectl, kubeconfig, kubernetes, say }: ApplyDnsOptions): Promise<void> {
  if (corednsImage(kubernetes) === undefined)
    return say(`The cluster has no DNS: there is no coredns in ${kubernetes}`);
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const { code, stderr } = await run(kubectl, ['apply', '-f', '-'], { input: renderDns(), env });
  if (code !== 0) say(`The cluster has no DNS: ${stderr.trim()}`);
}

export const renderDns = (): string =>
  readFileSync(join(import.meta.dirname, 'coredns.yaml'), 'utf8')
    .replaceAll('${DNS_ADDRESS}', lab.dnsAddress)
    .replaceAll('${COREDNS_IMAGE}', `${COREDNS_IMAGE}:${VERSION}`);
