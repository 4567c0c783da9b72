/**
 * SecurityGroupPolicies and managed prefix lists on real nodes: whom they give which groups, what then passes and what
 * does not, on one node and across two, and what becomes of pods when they go.
 */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateManagedPrefixListCommand,
  ModifyManagedPrefixListCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { setKey } from '../../src/core/groups/set-key.ts';
import { POD_CONDITION } from '../../src/core/names.ts';
import type { LabInstance } from '../../src/lab/vpc.ts';
import type { SharedLab } from '../lab/shared-lab.ts';
import { type FaultLab, openFaultLab } from './fault-lab.ts';
import { allRunning, get, type PodRequest, remove, running, start, told } from './pods.ts';
import { answers, becomes, makeAskingAndAsked, policyText, PORT, serves } from './reach.ts';
import { record } from './witness.ts';

const web = { app: 'policed' };

export function policies(shared: () => SharedLab): void {
  describe('policies and prefix lists', () => {
    let lab: FaultLab;
    let first: LabInstance;
    let second: LabInstance;
    let asking = '';
    let asked = '';
    const all: PodRequest[] = [];

    const apply = (text: string): Promise<unknown> => lab.kubectl(['apply', '-f', '-'], { input: text });
    const begin = async (...requests: readonly Omit<PodRequest, 'command'>[]): Promise<void> => {
      const pods = requests.map((request) => ({ ...request, command: serves }));
      all.push(...pods);
      await start(lab, ...pods);
    };
    const setOf = async (node: LabInstance, group: string): Promise<readonly string[] | undefined> =>
      (await record(lab, node)).spec.sets.find(({ key }) => key === setKey([group]))?.pods;
    const uid = async (name: string): Promise<string> => (await get(lab, name))?.metadata.uid ?? '';

    beforeAll(async () => {
      lab = await openFaultLab(shared());
      [first, second] = lab.vpc.nodes as [LabInstance, LabInstance];
      ({ asking, asked } = await makeAskingAndAsked(lab, 'policy'));
    });
    afterAll(async () => {
      if (lab === undefined) return;
      await remove(lab, ...all.map(({ name }) => name));
      await lab.kubectl(['delete', 'securitygrouppolicies', '--all', '--namespace=default']);
      await lab.kubectl(['delete', 'serviceaccount', 'policed', '--namespace=default', '--ignore-not-found']);
      lab.kube.close();
    });

    it('have their kind defined by the controller, and give groups by labels of pods and of service accounts', async () => {
      const crd = 'crd/securitygrouppolicies.vpcresources.k8s.aws';
      await lab.kubectl(['wait', '--for=condition=Established', crd, '--timeout=120s']);
      await apply(
        policyText({ name: 'asking', selectors: 'podSelector: { matchLabels: { app: policed } }', group: asking }),
      );
      const team = 'matchExpressions: [{ key: team, operator: In, values: [policed] }]';
      await apply(policyText({ name: 'asked', selectors: `serviceAccountSelector: { ${team} }`, group: asked }));
      await apply(
        'apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: policed, namespace: default, labels: { team: policed } }\n',
      );
      // What the daemons have seen is shown nowhere before a pod comes.
      await begin(
        { name: 'policed-first', node: first, labels: web },
        { name: 'policed-second', node: second, labels: web },
      );
      await begin({ name: 'policed-db', node: first, serviceAccount: 'policed' }, { name: 'policed-not', node: first });
      await allRunning(lab, ...all.map(({ name }) => name));
      expect(await setOf(first, asking)).toEqual([await uid('policed-first')]);
      expect(await setOf(second, asking)).toEqual([await uid('policed-second')]);
      expect(await setOf(first, asked)).toEqual([await uid('policed-db')]);
    });

    it('let packets pass and drop as these groups say, on one node and across two', async () => {
      await becomes(lab, 'policed-first', 'policed-db', true);
      await becomes(lab, 'policed-second', 'policed-db', true);
      expect(await answers(lab, 'policed-not', 'policed-db')).toBe(false);
      // The group of those that ask lets nothing in.
      expect(await answers(lab, 'policed-db', 'policed-first')).toBe(false);
      expect(await answers(lab, 'policed-db', 'policed-not')).toBe(false);
    });

    it('a prefix list opens a port between two pods of one node, and closes it when it names others', async () => {
      const entries = [{ Cidr: `${await running(lab, 'policed-not')}/32` }];
      const { PrefixList } = await lab.client.send(
        new CreateManagedPrefixListCommand({
          PrefixListName: 'policed',
          AddressFamily: 'IPv4',
          MaxEntries: 5,
          Entries: entries,
        }),
      );
      const list = PrefixList?.PrefixListId ?? '';
      await lab.client.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId: asked,
          IpPermissions: [{ IpProtocol: 'tcp', FromPort: PORT, ToPort: PORT, PrefixListIds: [{ PrefixListId: list }] }],
        }),
      );
      await becomes(lab, 'policed-not', 'policed-db', true);
      await lab.client.send(
        new ModifyManagedPrefixListCommand({
          PrefixListId: list,
          CurrentVersion: 1,
          RemoveEntries: entries,
          AddEntries: [{ Cidr: '192.0.2.0/24' }],
        }),
      );
      await becomes(lab, 'policed-not', 'policed-db', false);
      expect(await answers(lab, 'policed-first', 'policed-db')).toBe(true);
    });

    it('refuse a pod that asks for other groups by annotation, and one that a policy may mean which cannot be read', async () => {
      await apply(
        policyText({
          name: 'unreadable',
          selectors:
            'podSelector: { matchLabels: { broken: yes-it-is }, matchExpressions: [{ key: a, operator: Is }] }',
          group: asked,
        }),
      );
      expect(await told(lab, 'unreadable', 'PolicyInvalid')).toContain('operator is "Is"');
      await begin({ name: 'policed-against', node: first, labels: web, groups: asked });
      await begin({ name: 'policed-perhaps', node: first, labels: { broken: 'yes-it-is' } });
      expect(await told(lab, 'policed-against', 'AnnotationAgainstPolicy')).toContain('default/asking');
      expect(await told(lab, 'policed-perhaps', 'PolicyInvalid')).toContain('default/unreadable');
      for (const name of ['policed-against', 'policed-perhaps']) {
        expect((await get(lab, name))?.status?.podIP, name).toBeUndefined();
      }
      await lab.kubectl(['delete', 'securitygrouppolicy', 'unreadable', '--namespace=default']);
      await running(lab, 'policed-perhaps');
    });

    it('leave pods that run as they are when they go, and say so', async () => {
      await lab.kubectl(['delete', 'securitygrouppolicy', 'asking', '--namespace=default']);
      expect(await told(lab, 'policed-first', 'GroupsMismatch')).toContain(asking);
      await lab.until('the condition of a pod whose policy is gone', async () =>
        (await get(lab, 'policed-first'))?.status?.conditions?.find(
          ({ type, status, reason }) => type === POD_CONDITION && status === 'False' && reason === 'GroupsMismatch',
        ),
      );
      expect(await setOf(first, asking)).toContain(await uid('policed-first'));
      expect(await answers(lab, 'policed-first', 'policed-db')).toBe(true);
    });
  });
}
