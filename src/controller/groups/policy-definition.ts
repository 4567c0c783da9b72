/**
 * The definition of `SecurityGroupPolicy`, of the same names, version and schema as upstream's, so that manifests written
 * for one serve under the other. A cluster of EKS has it already, and whoever else brings it may change it: it is made
 * where there is none, and never touched where there is one.
 */
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import type { Log } from '../../daemon/log.ts';
import { backoffMs } from '../../kube/backoff.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Kube, KubeObject } from '../../kube/port.ts';
import { resources } from '../../kube/resources.ts';

const { group, version, plural, kind } = resources.securityGroupPolicies;

const text = { type: 'string' } as const;
const selector = {
  type: 'object',
  'x-kubernetes-map-type': 'atomic',
  properties: {
    matchLabels: { type: 'object', additionalProperties: text },
    matchExpressions: {
      type: 'array',
      items: {
        type: 'object',
        required: ['key', 'operator'],
        properties: {
          key: text,
          operator: { ...text, description: 'In, NotIn, Exists or DoesNotExist.' },
          values: { type: 'array', items: text },
        },
      },
    },
  },
} as const;
const described = (description: string) => ({ ...selector, description });

export interface PolicyDefinition extends KubeObject {
  readonly spec: object;
}

export const policyDefinition: PolicyDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames: ['sgp'] },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        subresources: {},
        additionalPrinterColumns: [
          {
            name: 'Security-Group-Ids',
            type: 'string',
            description: 'The security groups of the pods that the policy means',
            jsonPath: '.spec.securityGroups.groupIds',
          },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'Gives security groups to pods of its namespace.',
            properties: {
              apiVersion: text,
              kind: text,
              metadata: { type: 'object' },
              spec: {
                type: 'object',
                properties: {
                  podSelector: described('Pods, by their labels; an empty selector means all, an absent one nobody.'),
                  serviceAccountSelector: described('Pods, by the labels of their service accounts.'),
                  securityGroups: {
                    type: 'object',
                    properties: { groupIds: { type: 'array', minItems: 1, maxItems: 16, items: text } },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};

export interface DefinePoliciesOptions {
  readonly kube: Pick<Kube, 'get' | 'create'>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** Aborted when nobody waits for it any more. */
  readonly signal: AbortSignal;
}

/** Tries until there is one. */
export async function definePolicies({ kube, clock, random, log, signal }: DefinePoliciesOptions): Promise<void> {
  const { metadata } = policyDefinition;
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      if ((await kube.get(resources.customResourceDefinitions, metadata)) !== undefined) return;
      await kube.create(resources.customResourceDefinitions, policyDefinition);
      log.info({ definition: metadata.name }, 'defined');
      return;
    } catch (error) {
      // Somebody else was first.
      if (error instanceof CodedError && error.code === 'kube-conflict') return;
      log.warn({ definition: metadata.name, error: describeError(error), failures }, 'not defined');
      await clock.sleep(backoffMs({ failures, random }), signal);
    }
  }
}
