/**
 * Puts an accepted record in force: the judgement first, then the interfaces' links, routes and rules. It dumps links
 * and rules, so it runs when a record changes and never on a pod's path.
 */
import { CodedError } from '../../core/errors/coded-error.ts';
import { routing } from '../../core/names.ts';
import type { NodeNetwork, NodeNetworkSpec } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import type { Settings } from '../../core/settings/settings.ts';
import type { Kernel } from '../../linux/port.ts';
import type { Journal } from '../journal/journal-file.ts';
import type { JudgementShell } from '../judge/judgement.ts';
import { type InterfacePlan, nodePlan, planInterface, planRules, sourceRules } from '../wire/plan-interface.ts';
import { planPodRepair } from '../wire/plan-pod.ts';

export interface InForce {
  readonly spec: NodeNetworkSpec;
  readonly generation: number;
  /** Ids of interfaces that pods may use. */
  readonly ready: ReadonlySet<string>;
  /** Interfaces of the record whose links have not come yet. */
  readonly missing: readonly string[];
}

export interface RecordKeeper {
  /** undefined until a record was accepted. */
  inForce(): InForce | undefined;
  /** Throws node-record-foreign, and leaves what was in force as it was; throws kernel errors, and must be repeated. */
  apply(record: NodeNetwork, securityGroups: readonly SecurityGroupRecord[], settings: Settings): InForce;
  /** Makes the next application look at the kernel and not at what was written last. */
  audit(): void;
}

export interface RecordKeeperOptions {
  readonly kernel: Kernel;
  readonly journal: Journal;
  readonly judgement: JudgementShell;
}

export function createRecordKeeper({ kernel, journal, judgement }: RecordKeeperOptions): RecordKeeper {
  let inForce: InForce | undefined;
  const self = kernel.self();
  const carryOut = ({ changes, sysctls }: InterfacePlan): void => {
    for (const { key, value } of sysctls) kernel.sysctl(self, key, value);
    kernel.apply(self, changes);
  };
  return {
    inForce: () => inForce,
    audit: () => judgement.audit(),
    apply({ spec, metadata }, securityGroups, settings) {
      const observed = kernel.links(self);
      const names = new Map(observed.map((link) => [link.mac as string | undefined, link.name]));
      if (!names.has(spec.instance.primaryMac)) {
        throw new CodedError('node-record-foreign', { detail: `${spec.instance.primaryMac} (${spec.instance.id})` });
      }
      const links = new Map<string, string>();
      for (const record of spec.interfaces) {
        const name = names.get(record.mac);
        if (name !== undefined) links.set(record.id, name);
      }
      const attachments = [...journal.state.holdings.values()].map((holding) => holding.attachment);
      // Before any link comes up: what arrives by a groups interface is not for the node.
      judgement.reconcile({ spec, securityGroups, attachments, links });
      const further = spec.interfaces.filter(
        (record) => record.mac !== spec.instance.primaryMac && links.has(record.id),
      );
      carryOut(nodePlan);
      for (const record of further) carryOut(planInterface(record, links.get(record.id) ?? '', settings.eniMtu));
      kernel.apply(self, planRules(further.flatMap(sourceRules), kernel.rules(self)));
      const present = new Set(observed.map((link) => link.name));
      const wired = attachments.filter(({ hostLink }) => present.has(hostLink));
      kernel.apply(self, planPodRepair(wired, kernel.routes(self, routing.podTable)));
      const missing = spec.interfaces.filter(({ id }) => !links.has(id)).map(({ id }) => id);
      inForce = { spec, generation: metadata.generation ?? 0, ready: new Set(links.keys()), missing };
      return inForce;
    },
  };
}
