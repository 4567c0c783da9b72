/** Before Branchline is installed the cluster is an ordinary one: what kubectl and helm do with any, they do with it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { getJson } from '../../src/lab/scenarios/kubectl.ts';
import { runStrict } from '../../src/lab/supervisor/run.ts';
import { type OlderTools, unpackOlderTools } from '../testing/older-tools.ts';
import { type OrdinaryCniOptions, installOrdinaryCni, removeOrdinaryCni } from './ordinary-cni.ts';
import { sayThroughPortForward } from './port-forward.ts';
import type { SharedLab } from './shared-lab.ts';

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly nodeName?: string };
  }[];
}

interface Nodes {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
    readonly spec: { readonly providerID: string; readonly taints?: readonly unknown[] };
    readonly status: {
      readonly capacity: Readonly<Record<string, string>>;
      readonly allocatable: Readonly<Record<string, string>>;
      readonly addresses: readonly { readonly type: string; readonly address: string }[];
      readonly nodeInfo: Readonly<Record<string, string>>;
    };
  }[];
}

/** Answers each connection with its pod's name. */
const server = (name: string, replicas: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 1
      topologySpreadConstraints:
        - { maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway,
            labelSelector: { matchLabels: { app: ${name} } } }
      containers:
        - name: server
          image: busybox:1.35
          command: [sh, -c, 'echo "$(hostname) serves"; exec nc -ll -p 80 -e hostname']
          env: [{ name: REVISION, value: one }]
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ port: 80 }] }
`;

/** Of what an m5.large has for pods: somewhat more, and most of it. */
const asking = [
  ['too-much-cpu', '{ cpu: 1950m }'],
  ['too-much-memory', '{ memory: 7300Mi }'],
  ['enough', '{ cpu: 1500m, memory: 6Gi }'],
]
  .map(
    ([name, requests]) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: asking } }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - { name: it, image: 'busybox:1.35', command: [sleep, '1000'], resources: { requests: ${requests} } }
`,
  )
  .join('---');

export function ordinaryCluster(lab: () => SharedLab): void {
  describe('before Branchline is installed', () => {
    const kubectl = (...args: readonly string[]): Promise<string> =>
      lab()
        .kubectl(args)
        .then(({ stdout }) => stdout);
    const pods = async (app: string): Promise<Pods['items']> =>
      (await getJson<Pods>(lab().kubectl, ['pods', '-l', `app=${app}`])).items;
    const rolledOut = (app: string): Promise<string> =>
      kubectl('rollout', 'status', `deployment/${app}`, '--timeout=180s');
    let cnis: readonly OrdinaryCniOptions[] = [];

    beforeAll(async () => {
      cnis = (await lab().nodes()).map(({ title, address }, index) => ({
        lab: lab(),
        client: lab().client,
        node: { title, address, number: index + 1 },
      }));
      for (const cni of cnis) await installOrdinaryCni(cni);
      await kubectl('wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=180s');
      await lab().kubectl(['apply', '-f', '-'], { input: server('web', 4) });
      await rolledOut('web');
      await kubectl('rollout', 'status', 'deployment/coredns', '--namespace=kube-system', '--timeout=180s');
    });
    afterAll(async () => {
      await kubectl('delete', 'deployment/web', 'service/web', '--ignore-not-found');
      await kubectl('scale', 'deployment/coredns', '--namespace=kube-system', '--replicas=0');
      await lab().until('the end of all pods', async () => {
        const { items } = await getJson<Pods>(lab().kubectl, ['pods', '--all-namespaces']);
        return items.length === 0 ? true : undefined;
      });
      for (const cni of cnis) await removeOrdinaryCni(cni);
      await kubectl('wait', '--for=condition=Ready=false', 'nodes', '--all', '--timeout=180s');
    });

    it('shows nodes as EKS would', async () => {
      const { items } = await getJson<Nodes>(lab().kubectl, ['nodes']);
      expect(items).toHaveLength(2);
      for (const { metadata, spec, status } of items) {
        expect(metadata.name).toMatch(/^ip-10-0-\d+-\d+\.us-west-2\.compute\.internal$/);
        expect(metadata.labels).toMatchObject({
          'node.kubernetes.io/instance-type': 'm5.large',
          'topology.kubernetes.io/zone': 'us-west-2a',
          'topology.kubernetes.io/region': 'us-west-2',
          'kubernetes.io/hostname': metadata.name,
        });
        expect(spec.providerID).toMatch(/^aws:\/\/\/us-west-2a\/i-[0-9a-f]{17}$/);
        expect(status.capacity['pods']).toBe('29');
        expect(status.addresses).toContainEqual({ type: 'InternalIP', address: expect.stringMatching(/^10\.0\./) });
        expect(status.addresses).toContainEqual({ type: 'InternalDNS', address: metadata.name });
        expect(status.addresses).toContainEqual({ type: 'Hostname', address: metadata.name });
        // Of an m5.large, whatever this machine is; what is left for pods as EKS's nodes have it.
        expect(status.capacity).toMatchObject({ cpu: '2', memory: '8002847Ki' });
        expect(status.allocatable).toMatchObject({ cpu: '1930m', memory: '7312671Ki' });
        expect(spec.taints).toBeUndefined();
        expect(status.nodeInfo['osImage']).toMatch(/^Amazon Linux 2023/);
      }
      for (const identity of ['machineID', 'systemUUID', 'bootID']) {
        expect(new Set(items.map(({ status }) => status.nodeInfo[identity])).size, identity).toBe(2);
      }
      expect(await kubectl('get', 'componentstatuses', '--output=name')).not.toContain('Unhealthy');
      expect(await kubectl('version')).toMatch(/Server Version: v1\.35\.\d+\n/);
    });

    it('keeps a pod waiting that asks for more than an instance of the type has', async () => {
      await lab().kubectl(['apply', '-f', '-'], { input: asking });
      try {
        for (const pod of ['cpu', 'memory']) {
          const reason = 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].reason}';
          await kubectl('wait', `--for=${reason}=Unschedulable`, `pod/too-much-${pod}`, '--timeout=60s');
          expect(await kubectl('get', `pod/too-much-${pod}`)).toContain('Pending');
          expect(await kubectl('describe', `pod/too-much-${pod}`)).toContain(`2 Insufficient ${pod}`);
        }
        await kubectl('wait', '--for=condition=Ready', 'pod/enough', '--timeout=120s');
      } finally {
        await kubectl('delete', 'pods', '-l', 'app=asking', '--wait');
      }
    });

    it('reaches a Service by its cluster address from pods of both nodes, and finds it by DNS', async () => {
      const all = await pods('web');
      expect(new Set(all.map(({ spec }) => spec.nodeName)).size).toBe(2);
      const names = all.map(({ metadata }) => metadata.name);
      const ask = (pod: string, times: number): Promise<readonly string[]> => {
        const script = `for i in $(seq ${times}); do nc -w 20 web 80 </dev/null 2>&1 || echo "ended with $?"; done`;
        return kubectl('exec', pod, '--', 'sh', '-c', script).then((text) => text.trim().split('\n'));
      };
      for (const pod of names) {
        // A pod that is ready is known to the API server, and to the proxy of each node a moment later.
        await lab().until(`a node that knows the Service, for ${pod}`, async () => {
          const [answer = ''] = await ask(pod, 1);
          return names.includes(answer) ? true : undefined;
        });
        const answers = await ask(pod, 12);
        expect(answers).toHaveLength(12);
        for (const answer of answers) expect(names).toContain(answer);
      }
    });

    it('gives logs, runs commands and forwards ports', async () => {
      const [pod] = await pods('web');
      const name = pod?.metadata.name ?? '';
      expect(await kubectl('logs', name)).toBe(`${name} serves\n`);
      expect(await kubectl('exec', name, '--', 'hostname')).toBe(`${name}\n`);
      const { kubeconfig } = lab();
      const program = join(kubeconfig, '../bin/kubectl');
      expect(await sayThroughPortForward(program, { target: `pod/${name}`, port: 80, kubeconfig })).toBe(name);
    });

    it('rolls a Deployment out and back', async () => {
      await kubectl('set', 'env', 'deployment/web', 'REVISION=two');
      await rolledOut('web');
      const revision = async (): Promise<string> =>
        kubectl('exec', 'deployment/web', '--', 'sh', '-c', 'echo $REVISION');
      expect(await revision()).toBe('two\n');
      await kubectl('rollout', 'undo', 'deployment/web');
      await rolledOut('web');
      expect(await revision()).toBe('one\n');
    });

    it('evicts the pods of a node that is drained, and they run on the other', async () => {
      const [, second] = cnis;
      const { name = '' } = (await lab().status()).instances.find(({ title }) => title === second?.node.title) ?? {};
      await kubectl('drain', name, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=120s');
      await rolledOut('web');
      for (const { spec } of await pods('web')) expect(spec.nodeName).not.toBe(name);
      await lab().ok(['node', 'uncordon', second?.node.title ?? '']);
      expect(await kubectl('get', 'node', name)).not.toContain('SchedulingDisabled');
    });

    describe('with programs of three minor versions before', () => {
      let tools: OlderTools;
      beforeAll(() => {
        tools = unpackOlderTools();
      });
      afterAll(() => tools.remove());
      const env = (): NodeJS.ProcessEnv => ({ ...process.env, KUBECONFIG: lab().kubeconfig });

      it('kubectl 1.32 applies, waits, reads logs, runs commands and deletes', async () => {
        const older = (args: readonly string[], input = ''): Promise<string> =>
          runStrict(tools.kubectl, args, { input, env: env() });
        expect(await older(['version', '--client'])).toContain('v1.32');
        await older(['apply', '-f', '-'], server('older', 1));
        await older(['rollout', 'status', 'deployment/older', '--timeout=120s']);
        const name = (
          await older(['get', 'pods', '-l', 'app=older', '-o', 'jsonpath={.items[0].metadata.name}'])
        ).trim();
        expect(await older(['logs', name])).toBe(`${name} serves\n`);
        expect(await older(['exec', name, '--', 'hostname'])).toBe(`${name}\n`);
        expect(await older(['describe', 'pod', name])).toContain('Successfully assigned');
        await older(['delete', 'deployment/older', 'service/older', '--wait']);
      });

      it('helm installs, upgrades, rolls back and uninstalls a chart', async () => {
        const chart = mkdtempSync(join(tmpdir(), 'brl-chart-'));
        mkdirSync(join(chart, 'templates'));
        writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: sample\nversion: 0.1.0\n');
        writeFileSync(join(chart, 'values.yaml'), 'text: one\n');
        writeFileSync(
          join(chart, 'templates/config.yaml'),
          'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "{{ .Release.Name }}" }\ndata: { text: "{{ .Values.text }}" }\n',
        );
        const helm = (...args: readonly string[]): Promise<string> => runStrict(tools.helm, args, { env: env() });
        const text = (): Promise<string> => kubectl('get', 'configmap/sample', '-o', 'jsonpath={.data.text}');
        try {
          await helm('install', 'sample', chart, '--wait');
          expect(await text()).toBe('one');
          await helm('upgrade', 'sample', chart, '--set', 'text=two', '--wait');
          expect(await text()).toBe('two');
          await helm('rollback', 'sample', '1', '--wait');
          expect(await text()).toBe('one');
          await helm('uninstall', 'sample', '--wait');
          expect(await kubectl('get', 'configmaps')).not.toContain('sample');
        } finally {
          rmSync(chart, { recursive: true, force: true });
        }
      });
    });
  });
}
