/**
 * Makes the kernel judge as planned. Table and chains are rewritten when a rule or a set changes, elements one by one;
 * a stopping agent leaves all of it in force. After a failure the next change rewrites everything.
 */
import { nft } from '../../core/names.ts';
import type { Kernel } from '../../linux/port.ts';
import type { Attachment } from '../journal/journal.ts';
import { change, type Element, elementId } from './elements.ts';
import { type Listing, readListing } from './listing.ts';
import { type Judgement, type JudgementInput, planJudgement } from './plan-judgement.ts';
import { renderElements, renderStructure } from './render.ts';

export interface JudgementShell {
  /** Brings the kernel to what the records and attachments say. */
  reconcile(input: JudgementInput): void;
  /** Adds a pod's elements in one transaction, before its link is up. */
  admit(attachment: Attachment): void;
  dismiss(attachment: Attachment): void;
  /** Whether the table is there at all: some 10 µs, whatever the ruleset holds. If not, all is written anew. */
  stands(): boolean;
  /** Whether anything is judged at all, be it by what was in force before. It lists the table. */
  exists(): boolean;
  /** Compares all of the table with what was written: others flush chains and sets. If they differ, all is written anew. */
  isIntact(): boolean;
}

const TABLE = `table ${nft.family} ${nft.table}`;

export function createJudgement(kernel: Kernel): JudgementShell {
  let structure: string | undefined;
  let plan: Judgement | undefined;
  let present = new Map<string, Element>();
  /** How nft lists what was written. */
  let listed: string | undefined;
  const list = (): Listing => readListing(kernel.nftList(kernel.self(), TABLE));

  /** Both by id. */
  const alter = (gone: Elements, come: Elements): void => {
    if (gone.length + come.length === 0) return;
    try {
      // Removals first: a key may come again with another verdict. It is one transaction, so nothing shows between.
      kernel.elements(kernel.self(), [
        ...gone.map(([, element]) => change('remove', element)),
        ...come.map(([, element]) => change('add', element)),
      ]);
    } catch (error) {
      structure = undefined;
      throw error;
    }
    for (const [id] of gone) present.delete(id);
    for (const [id, element] of come) present.set(id, element);
  };

  return {
    reconcile(input) {
      const desired = planJudgement(input);
      const elements = byId([...desired.base, ...input.attachments.flatMap((one) => desired.elementsOf(one))]);
      const text = renderStructure(desired);
      if (text === structure) {
        alter(
          [...present].filter(([id]) => !elements.has(id)),
          [...elements].filter(([id]) => !present.has(id)),
        );
      } else {
        structure = undefined;
        kernel.nft(kernel.self(), text + renderElements([...elements.values()]));
        structure = text;
        present = elements;
        listed = list().structure;
      }
      plan = desired;
    },
    admit(attachment) {
      if (plan === undefined || structure === undefined) throw new Error('no judgement is in force');
      alter(
        [],
        withIds(plan.elementsOf(attachment)).filter(([id]) => !present.has(id)),
      );
    },
    stands() {
      const [one] = present.values();
      if (structure === undefined || one === undefined) return structure !== undefined;
      try {
        // Adding what is there changes nothing, and fails where its set is gone.
        kernel.elements(kernel.self(), [change('add', one)]);
        return true;
      } catch {
        structure = undefined;
        return false;
      }
    },
    exists() {
      try {
        list();
        return true;
      } catch {
        return false;
      }
    },
    isIntact() {
      const sizes = new Map<string, number>();
      for (const { set } of present.values()) sizes.set(set, (sizes.get(set) ?? 0) + 1);
      try {
        const found = list();
        const same = [...found.counts].every(([set, count]) => count === (sizes.get(set) ?? 0));
        if (found.structure !== listed || !same) structure = undefined;
      } catch {
        structure = undefined;
      }
      return structure !== undefined;
    },
    dismiss(attachment) {
      if (plan === undefined || structure === undefined) return;
      alter(
        withIds(plan.elementsOf(attachment)).filter(([id]) => present.has(id)),
        [],
      );
    },
  };
}

type Elements = readonly (readonly [id: string, element: Element])[];
const withIds = (elements: readonly Element[]): Elements => elements.map((element) => [elementId(element), element]);
const byId = (elements: readonly Element[]): Map<string, Element> => new Map(withIds(elements));
