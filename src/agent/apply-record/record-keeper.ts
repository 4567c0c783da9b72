/**
 * Puts an accepted record in force: the judgement first, then the interfaces' links, routes and rules. It dumps links
 * and rules, so it runs when a record changes and never on a pod's path.
 */
import { CodedError, describeError } from '../../core/errors/coded-error.ts';
import { routing } from '../../core/names.ts';
import type { NodeNetwork, NodeNetworkSpec } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import type { Settings } from '../../core/settings/settings.ts';
import type { Family, Kernel, NetChange, NetEvent, Route } from '../../linux/port.ts';
import type { Journal } from '../journal/journal-file.ts';
import type { Attachment } from '../journal/journal.ts';
import type { JudgementShell } from '../judge/judgement.ts';
import type { LinkReaper } from '../attach/link-reaper.ts';
import { branchLinkName } from '../wire/names.ts';
import { branchesOf, branchRule } from '../wire/plan-branches.ts';
import { familyOf, type InterfacePlan, nodeRules, planInterface, planNode, planRules } from '../wire/plan-interface.ts';
import { missingRoutes, planPodClosure, planPodRepair } from '../wire/plan-pod.ts';
import { type Applied, type Attention, attentionTo, hasRoutes, isAsApplied, linksByMac } from './applied.ts';
import { createBranchDevices } from './branch-devices.ts';

export interface InForce {
  readonly spec: NodeNetworkSpec;
  readonly generation: number;
  /** Ids of interfaces and branches that pods may use. */
  readonly ready: ReadonlySet<string>;
  /** Interfaces of the record whose links have not come yet. */
  readonly missing: readonly string[];
  /** Interfaces and branches of which the kernel refuses something, with kernel-refused; they do not hold up the others. */
  readonly refused: ReadonlyMap<string, CodedError>;
}

export interface RecordKeeper {
  /** undefined until a record was accepted. */
  inForce(): InForce | undefined;
  /** Throws node-record-foreign, and leaves what was in force as it was; throws kernel errors, and must be repeated. */
  apply(record: NodeNetwork, securityGroups: readonly SecurityGroupRecord[], settings: Settings): InForce;
  /**
   * Whether rules, links and judgement still are as applied: half a millisecond for what others are known to take
   * away, without a dump of links, routes or rulesets; with `routes` those are looked at, too. Throws kernel errors.
   */
  stands(scope: { readonly routes: boolean }): boolean;
  /** Whether an event asks for a look: a few comparisons. */
  attentionTo(event: NetEvent): Attention | undefined;
  /** Compares all of the table with what was written: what differs is written anew by the next application. */
  isIntact(): boolean;
  /** Makes the next application look at the kernel and not at what was written last. */
  audit(): void;
}

export interface RecordKeeperOptions {
  readonly kernel: Kernel;
  readonly journal: Journal;
  readonly judgement: JudgementShell;
  readonly reaper: Pick<LinkReaper, 'later' | 'keep'>;
}

export function createRecordKeeper({ kernel, journal, judgement, reaper }: RecordKeeperOptions): RecordKeeper {
  let inForce: InForce | undefined;
  let applied: Applied | undefined;
  const self = kernel.self();
  const devices = createBranchDevices({ kernel, reaper });
  const carryOut = ({ changes, sysctls }: InterfacePlan): void => {
    for (const { key, value } of sysctls) kernel.sysctl(self, key, value);
    kernel.apply(self, changes);
  };
  const routesStand = (expected: Applied): boolean => {
    const routes = (table: number): readonly Route<Family>[] => kernel.routes(self, table, expected.family);
    const lacking = missingRoutes(attachmentsOf(journal), routes(routing.podTable));
    return (
      // The routes of a pod that is about to be taken away went with its link.
      !lacking.some(({ hostLink }) => kernel.link(self, hostLink) !== undefined) &&
      hasRoutes(expected, { routes, addresses: kernel.addresses(self, expected.family) })
    );
  };
  /** As long as nothing is judged, nobody is let through to pods with groups; `planPodRepair` opens their ways again. */
  const close = (attachments: readonly Attachment[]): void => {
    const grouped = attachments.filter(({ set }) => set !== undefined);
    kernel.apply(self, grouped.flatMap(planPodClosure));
  };
  return {
    inForce: () => inForce,
    stands({ routes }) {
      if (applied === undefined) return true;
      const { family, rules, links } = applied;
      return (
        links.every((wanted) => isAsApplied(kernel.link(self, wanted.name), wanted)) &&
        planRules(rules, kernel.rules(self, family)).length === 0 &&
        judgement.stands() &&
        (!routes || routesStand(applied))
      );
    },
    attentionTo: (event) =>
      applied === undefined ? undefined : attentionTo(event, { applied, holders: journal.state.holders }),
    isIntact: () => judgement.isIntact(),
    audit: () => devices.audit(),
    apply({ spec, metadata }, securityGroups, settings) {
      const observed = kernel.links(self);
      const byMac = linksByMac(observed);
      const first = byMac.get(spec.instance.primaryMac);
      if (first === undefined) {
        throw new CodedError('node-record-foreign', { detail: `${spec.instance.primaryMac} (${spec.instance.id})` });
      }
      const links = new Map<string, string>();
      for (const record of spec.interfaces) {
        const name = byMac.get(record.mac)?.name;
        if (name !== undefined) links.set(record.id, name);
      }
      const attachments = attachmentsOf(journal);
      const branches = branchesOf(spec, attachments);
      const present = new Set(links.keys());
      for (const { id, vlan } of branches) links.set(id, branchLinkName(vlan));
      devices.retire({ branches, observed });
      // Before any link comes up: what arrives by a groups interface is not for the node.
      try {
        judgement.reconcile({ spec, securityGroups, attachments, links, settings });
      } catch (error) {
        if (!judgement.exists()) close(attachments);
        throw error;
      }
      const further = spec.interfaces.filter(
        (record) => record.mac !== spec.instance.primaryMac && present.has(record.id),
      );
      const family = familyOf(spec);
      carryOut(planNode(first.name, family));
      const refused = new Map<string, CodedError>();
      const changes: NetChange[] = [];
      for (const record of further) {
        const plan = planInterface(record, links.get(record.id) ?? '', settings.eniMtu);
        try {
          carryOut(plan);
          changes.push(...plan.changes);
        } catch (error) {
          refused.set(record.id, new CodedError('kernel-refused', { detail: describeError(error), cause: error }));
        }
      }
      const carried = devices.apply({ branches, observed, mtu: settings.eniMtu });
      for (const [id, error] of carried.refused) refused.set(id, error);
      const rules = [...nodeRules(further, family), ...branches.map(branchRule)];
      kernel.apply(self, planRules(rules, kernel.rules(self, family)));
      const isUp = new Map(observed.map(({ name, up }) => [name, up]));
      const wired = attachments.filter(({ hostLink }) => isUp.has(hostLink));
      const down = wired.filter(({ hostLink }) => isUp.get(hostLink) === false);
      // The kernel refuses routes by a link that somebody has taken down.
      kernel.apply(
        self,
        down.map(({ hostLink }) => ({ op: 'set-link', link: hostLink, up: true })),
      );
      kernel.apply(self, planPodRepair(wired, kernel.routes(self, routing.podTable, family)));
      const missing = spec.interfaces.filter(({ id }) => !present.has(id));
      applied = {
        family,
        rules,
        links: [
          ...spec.interfaces.flatMap(({ id, mac }) => {
            const name = links.get(id);
            const isSetUp = mac !== spec.instance.primaryMac && !refused.has(id);
            return name === undefined ? [] : [{ name, mac, ...(isSetUp && { mtu: settings.eniMtu }) }];
          }),
          ...carried.links,
        ],
        awaited: new Set(missing.map(({ mac }) => mac)),
        changes: [...changes, ...carried.changes],
      };
      inForce = {
        spec,
        generation: metadata.generation ?? 0,
        ready: new Set([...present].filter((id) => !refused.has(id)).concat(carried.ready)),
        missing: missing.map(({ id }) => id),
        refused,
      };
      return inForce;
    },
  };
}

const attachmentsOf = ({ state }: Journal): readonly Attachment[] =>
  [...state.holdings.values()].map(({ attachment }) => attachment);
