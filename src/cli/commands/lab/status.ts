/** `branchline lab status`: what the running lab consists of. */
import type { Command } from 'commander';

import type { LabStatus } from '../../../lab/status.ts';
import type { Output } from '../../output.ts';
import { formatAge, renderTable } from '../../table.ts';
import { askLab, dataVerb, printData, verbOptions } from './common.ts';

export function statusCommand(output: Output): Command {
  return dataVerb('status', 'parts, processes, nodes and ports of the running lab').action(
    async (_options: unknown, command: Command) => {
      const options = verbOptions(command);
      const status = await askLab(options, { verb: 'status' }, output);
      printData(status, { ...options, text: (value) => renderStatus(value, Date.now()), to: output });
    },
  );
}

/** `kubelet@node-1`: what can be typed. */
function withTitle(part: string, instances: LabStatus['instances']): string {
  const [program, node] = part.split('@');
  const instance = instances.find(({ name }) => name === node);
  return instance === undefined ? part : `${program}@${instance.title}`;
}

export function renderStatus(status: LabStatus, nowMs: number): string {
  const { instances, parts, endpoints, files } = status;
  const age = (sinceMs: number): string => formatAge(nowMs - sinceMs);
  const state = status.ready ? 'started' : 'is starting, since';
  const sections = [
    `Lab "${status.name}", process ${status.pid}, ${state} ${new Date(status.startedMs).toISOString()} (${age(status.startedMs)}) from ${status.root}`,
    renderTable(
      ['PART', 'STATE', 'PID', 'SINCE', 'HOW IT ENDED'],
      parts.map(({ name, state, pid, sinceMs, end = '' }) => [
        withTitle(name, instances),
        state,
        state === 'dead' ? '-' : String(pid),
        age(sinceMs),
        end,
      ]),
    ),
  ];
  if (instances.length > 0) {
    const rows = instances.map(({ title, name, type, id, address, node, cordoned }) => [
      title,
      name,
      type,
      id,
      address,
      cordoned ? `${node},SchedulingDisabled` : node,
    ]);
    sections.push(renderTable(['INSTANCE', 'NAME', 'TYPE', 'ID', 'ADDRESS', 'STATE'], rows));
  }
  const hasCluster = !instances.some(({ node }) => node === 'no cluster');
  const places = [
    ...(endpoints === undefined ? [] : [['EC2', endpoints.ec2] as const]),
    ...(endpoints?.apiServer === undefined ? [] : [['API server', endpoints.apiServer] as const]),
    ...(hasCluster ? [['kubeconfig', files.kubeconfig] as const] : []),
    ['logs', files.logs] as const,
    ['shell exports', files.environment] as const,
  ];
  sections.push(places.map(([what, where]) => `${what.padEnd(16)}${where}`).join('\n'));
  return sections.join('\n\n');
}
