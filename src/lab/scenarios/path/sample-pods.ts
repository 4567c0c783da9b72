/** The sample workloads: applied, awaited, listed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describeError } from '../../../core/errors/coded-error.ts';
import { type Kubectl, getJson } from '../kubectl.ts';
import type { SamplePod } from './matrix.ts';
import type { SampleGroups } from './sample-groups.ts';

/** @param nodes the first two are the sample's. Default: a cluster of two nodes. */
export async function applyWorkloads(
  kubectl: Kubectl,
  groups: SampleGroups,
  nodes?: readonly { readonly name: string }[],
): Promise<void> {
  const text = readFileSync(join(import.meta.dirname, 'workloads.yaml'), 'utf8');
  const names = nodes?.slice(0, 2).map(({ name }) => name);
  const onThem = names === undefined ? { operator: 'Exists' } : { operator: 'In', values: names };
  await kubectl(['apply', '-f', '-'], {
    input: text
      .replaceAll('${SG_WEB}', groups.webName)
      .replaceAll('${SG_DB}', groups.db)
      .replaceAll("'${NODES}'", JSON.stringify([{ key: 'kubernetes.io/hostname', ...onThem }])),
  });
}

/** A failure says what the latest warnings about its pods say. */
export async function waitForWorkloads(kubectl: Kubectl): Promise<void> {
  try {
    await Promise.all(
      ['web', 'db', 'other'].map((name) => kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=180s'])),
    );
  } catch (error) {
    const { stdout } = await kubectl(['events', '--types=Warning', '--no-headers']);
    const warnings = stdout.trimEnd().split('\n').slice(-6);
    throw new Error([describeError(error), ...warnings].join('\n  '), { cause: error });
  }
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
    readonly spec: { readonly nodeName?: string };
    readonly status: { readonly podIP?: string };
  }[];
}

export async function listSamplePods(kubectl: Kubectl): Promise<readonly SamplePod[]> {
  const { items } = await getJson<PodList>(kubectl, ['pods', '-l', 'app in (web,db,other)']);
  return items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    app: metadata.labels?.['app'] ?? '',
    node: spec.nodeName ?? '',
    address: status.podIP ?? '',
    port: Number(metadata.labels?.['port']),
  }));
}

/** The message of the first refusal by our agent among the events of one application's pods; polled until it comes. */
export async function waitForRefusal(kubectl: Kubectl, code: string, tries: number): Promise<string> {
  interface EventList {
    readonly items: readonly { readonly reason?: string; readonly message?: string }[];
  }
  for (let attempt = 0; attempt < tries; attempt++) {
    const { items } = await getJson<EventList>(kubectl, ['events', '--field-selector', 'involvedObject.kind=Pod']);
    const refusal = items.find((event) => event.message?.includes(code) === true);
    if (refusal?.message !== undefined) return refusal.message;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`no pod was refused with ${code}, although pod groups are not switched on`);
}
