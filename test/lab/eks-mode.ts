/**
 * The mode `eks` on real nodes. EKS's controller is played by its own calls, which want a lab with `--trunks`, and by its
 * annotation; all else is real: what the controller believes, what the agents wire, what passes and what does not.
 */
import {
  DeleteNetworkInterfaceCommand,
  DescribeNetworkInterfacesCommand,
  DetachNetworkInterfaceCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { attachTrunk, type GivenBranch, giveBranch, takeBranch } from '../../src/controller/testing/eks-controller.ts';
import { setKey } from '../../src/core/groups/set-key.ts';
import { NAMESPACE, POD_CONDITION, POD_ENI_ANNOTATION } from '../../src/core/names.ts';
import type { CniNode } from '../../src/kube/objects.ts';
import { resources } from '../../src/kube/resources.ts';
import type { LabInstance } from '../../src/lab/vpc.ts';
import { type FaultLab, openFaultLab } from '../faults/fault-lab.ts';
import { allRunning, get, type PodRequest, remove, running, start, told } from '../faults/pods.ts';
import { answers, becomes, makeAskingAndAsked, policyText, serves } from '../faults/reach.ts';
import { record } from '../faults/witness.ts';
import type { SharedLab } from './shared-lab.ts';

/** What EKS puts into a cluster of its own. */
const cniNodes = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: cninodes.vpcresources.k8s.aws }
spec:
  group: vpcresources.k8s.aws
  scope: Cluster
  names: { kind: CNINode, listKind: CNINodeList, plural: cninodes, singular: cninode, shortNames: [cnd] }
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                features:
                  type: array
                  items:
                    type: object
                    properties: { name: { type: string }, value: { type: string } }
`;
const policy = (app: string, group: string): string =>
  policyText({ name: `eks-${app}`, selectors: `podSelector: { matchLabels: { eks: ${app} } }`, group });

export function eksMode(shared: () => SharedLab): void {
  describe('in the mode eks', () => {
    let lab: FaultLab;
    let first: LabInstance;
    let second: LabInstance;
    let subnet = '';
    let asking = '';
    let asked = '';
    let vlan = 0;
    const trunks = new Map<string, string>();
    const given = new Map<string, GivenBranch>();
    const pods: string[] = [];

    const apply = (text: string): Promise<unknown> => lab.kubectl(['apply', '-f', '-'], { input: text });
    const setMode = (mode: string): Promise<unknown> => {
      const patch = JSON.stringify({ data: { POD_GROUPS_MODE: mode } });
      return lab.kubectl([
        'patch',
        'configmap',
        'aws-vpc-cni',
        `--namespace=${NAMESPACE}`,
        '--type=merge',
        '-p',
        patch,
      ]);
    };
    const attached = async (node: LabInstance) => {
      const Filters = [{ Name: 'attachment.instance-id', Values: [node.id] }];
      return (await lab.client.send(new DescribeNetworkInterfacesCommand({ Filters }))).NetworkInterfaces ?? [];
    };
    /** As EKS's controller does where a CNINode asks for it: at the highest free index of an m5.large. */
    const trunkOf = async (node: LabInstance): Promise<string> => {
      const known = trunks.get(node.id);
      if (known !== undefined) return known;
      const deviceIndex = await lab.until(`a free slot on ${node.title}`, async () => {
        const taken = (await attached(node)).map(({ Attachment }) => Attachment?.DeviceIndex);
        return [2, 1].find((index) => !taken.includes(index));
      });
      const groups = (await attached(node))[0]?.Groups?.map(({ GroupId }) => GroupId ?? '') ?? [];
      const made = await attachTrunk(lab.client, { subnet, groups, instance: node.id, deviceIndex });
      trunks.set(node.id, made);
      return made;
    };
    const begin = async (...requests: readonly Omit<PodRequest, 'command'>[]): Promise<void> => {
      pods.push(...requests.map(({ name }) => name));
      await start(lab, ...requests.map((request) => ({ ...request, command: serves })));
    };
    const annotate = (name: string, text: string): Promise<unknown> =>
      lab.kubectl(['annotate', 'pod', name, `${POD_ENI_ANNOTATION}=${text}`, '--namespace=default', '--overwrite']);
    /** As EKS's controller for a pod that a policy matches. */
    const serve = async (name: string, { node, group }: { readonly node: LabInstance; readonly group: string }) => {
      const branch = await giveBranch(lab.client, {
        subnet,
        groups: [group],
        trunk: await trunkOf(node),
        vlan: ++vlan,
      });
      given.set(name, branch);
      await annotate(name, branch.annotation);
    };

    beforeAll(async () => {
      lab = await openFaultLab(shared());
      [first, second] = lab.vpc.nodes as [LabInstance, LabInstance];
      subnet = (await attached(first))[0]?.SubnetId ?? '';
      ({ asking, asked } = await makeAskingAndAsked(lab, 'eks'));
      await apply(cniNodes);
      await lab.kubectl(['wait', '--for=condition=Established', 'crd/cninodes.vpcresources.k8s.aws', '--timeout=120s']);
      for (const { name } of [first, second]) {
        const body = { apiVersion: 'vpcresources.k8s.aws/v1alpha1', kind: 'CNINode', metadata: { name } };
        await lab.kube.create<CniNode>(resources.cniNodes, body);
      }
      const crd = 'crd/securitygrouppolicies.vpcresources.k8s.aws';
      await lab.kubectl(['wait', '--for=condition=Established', crd, '--timeout=120s']);
      await apply(policy('asking', asking));
      await apply(policy('asked', asked));
      await setMode('eks');
    });
    afterAll(async () => {
      if (lab === undefined) return;
      await remove(lab, ...pods);
      await setMode('shared');
      for (const branch of given.values()) await takeBranch(lab.client, branch);
      // EKS's controller never does so: a trunk goes with its instance. These nodes are needed as they were.
      for (const node of [first, second]) {
        const seen = (await attached(node)).find(({ InterfaceType }) => InterfaceType === 'trunk');
        if (seen === undefined) continue;
        await lab.client.send(new DetachNetworkInterfaceCommand({ AttachmentId: seen.Attachment?.AttachmentId }));
        const NetworkInterfaceId = seen.NetworkInterfaceId ?? '';
        await lab.until('the end of the trunk’s attachment', async () => {
          const ids = (await attached(node)).map((each) => each.NetworkInterfaceId);
          return ids.includes(NetworkInterfaceId) ? undefined : true;
        });
        await lab.client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
      }
      await lab.kubectl(['delete', 'securitygrouppolicies', 'eks-asking', 'eks-asked', '--namespace=default']);
      await lab.kubectl(['delete', 'crd', 'cninodes.vpcresources.k8s.aws']);
      lab.kube.close();
    });

    it('the controller asks EKS’s for each node', async () => {
      for (const { name } of [first, second]) {
        const features = await lab.until(`the feature of ${name}`, async () => {
          const found = await lab.kube.get<CniNode>(resources.cniNodes, { name });
          return found?.spec?.features;
        });
        expect(features).toEqual([{ name: 'SecurityGroupsForPods' }]);
      }
    });

    it('pods run on the branch interfaces that they were given, and no interface is made for a set', async () => {
      await begin(
        { name: 'eks-web', node: first, labels: { eks: 'asking' } },
        { name: 'eks-db', node: first, labels: { eks: 'asked' } },
        { name: 'eks-far', node: second, labels: { eks: 'asking' } },
        { name: 'eks-plain', node: first },
      );
      await serve('eks-web', { node: first, group: asking });
      await serve('eks-db', { node: first, group: asked });
      await serve('eks-far', { node: second, group: asking });
      await allRunning(lab, ...pods);
      for (const [name, { address }] of given) expect(await running(lab, name)).toBe(address);
      const { interfaces, branches } = (await record(lab, first)).spec;
      expect(interfaces.map(({ purpose }) => purpose)).toEqual(expect.arrayContaining(['node', 'trunk']));
      expect(branches?.map(({ id }) => id)).toEqual(
        expect.arrayContaining([given.get('eks-web')?.id, given.get('eks-db')?.id]),
      );
      const sets = (await record(lab, first)).spec.sets.filter(({ key }) => key === setKey([asking]));
      expect(sets).toMatchObject([{ interfaces: [] }]);
    });

    it('packets pass and drop as their groups say, on one node and across two', async () => {
      await becomes(lab, 'eks-web', 'eks-db', true);
      await becomes(lab, 'eks-far', 'eks-db', true);
      expect(await answers(lab, 'eks-plain', 'eks-db')).toBe(false);
      expect(await answers(lab, 'eks-db', 'eks-web')).toBe(false);
      expect(await answers(lab, 'eks-db', 'eks-far')).toBe(false);
      expect(await answers(lab, 'eks-db', 'eks-plain')).toBe(false);
    });

    it('a pod with another’s annotation gets nothing, nor does one that asks by annotation', async () => {
      await begin(
        { name: 'eks-forger', node: first, labels: { eks: 'asking' } },
        { name: 'eks-annotated', node: first, groups: asked },
      );
      await annotate('eks-forger', given.get('eks-web')?.annotation ?? '');
      expect(await told(lab, 'eks-forger', 'PodEniMismatch')).toContain('claim');
      expect(await told(lab, 'eks-annotated', 'PodEniMissing')).toContain('SecurityGroupPolicy');
      for (const name of ['eks-forger', 'eks-annotated']) {
        const status = (await get(lab, name))?.status;
        expect(status?.podIP, name).toBeUndefined();
        expect(
          status?.conditions?.find(({ type }) => type === POD_CONDITION),
          name,
        ).toMatchObject({ status: 'False' });
      }
      expect(await answers(lab, 'eks-web', 'eks-db')).toBe(true);
      // In the mode `shared` it would have its policy's groups, and with them the node's last slot.
      await remove(lab, 'eks-forger');
    });

    it('pods that run stay as they are in the mode shared, and talk to those that come then', async () => {
      await setMode('shared');
      await running(lab, 'eks-annotated');
      await becomes(lab, 'eks-web', 'eks-annotated', true);
      await becomes(lab, 'eks-far', 'eks-annotated', true);
      expect(await answers(lab, 'eks-web', 'eks-db')).toBe(true);
      expect(await answers(lab, 'eks-far', 'eks-db')).toBe(true);
      for (const [name, { address }] of given) expect(await running(lab, name)).toBe(address);
    });
  });
}
