/**
 * Makes the kernel judge as planned. Table and chains are rewritten when a rule or a set changes, elements one by one;
 * a stopping agent leaves all of it in force. After a failure the next change rewrites everything.
 */
import { nft } from '../../core/names.ts';
import type { Kernel } from '../../linux/port.ts';
import type { Attachment } from '../journal/journal.ts';
import { change, type Element, elementId } from './elements.ts';
import { type Judgement, type JudgementInput, planJudgement } from './plan-judgement.ts';
import { renderElements, renderStructure } from './render.ts';

export interface JudgementShell {
  /** Brings the kernel to what the records and attachments say. */
  reconcile(input: JudgementInput): void;
  /** Adds a pod's elements in one transaction, before its link is up. */
  admit(attachment: Attachment): void;
  dismiss(attachment: Attachment): void;
  /** Looks whether the table is still there: others flush rulesets. If not, the next reconciliation writes it anew. */
  audit(): void;
}

export function createJudgement(kernel: Kernel): JudgementShell {
  let structure: string | undefined;
  let plan: Judgement | undefined;
  let present = new Map<string, Element>();

  const alter = (gone: readonly Element[], come: readonly Element[]): void => {
    if (gone.length + come.length === 0) return;
    try {
      // Removals first: a key may come again with another verdict. It is one transaction, so nothing shows between.
      kernel.elements(kernel.self(), [
        ...gone.map((element) => change('remove', element)),
        ...come.map((element) => change('add', element)),
      ]);
    } catch (error) {
      structure = undefined;
      throw error;
    }
    for (const element of gone) present.delete(elementId(element));
    for (const element of come) present.set(elementId(element), element);
  };

  return {
    reconcile(input) {
      const desired = planJudgement(input);
      const elements = byId([...desired.base, ...input.attachments.flatMap((one) => desired.elementsOf(one))]);
      const text = renderStructure(desired);
      if (text === structure) {
        const gone = [...present.values()].filter((element) => !elements.has(elementId(element)));
        alter(
          gone,
          [...elements.values()].filter((element) => !present.has(elementId(element))),
        );
      } else {
        structure = undefined;
        kernel.nft(kernel.self(), text + renderElements([...elements.values()]));
        structure = text;
        present = elements;
      }
      plan = desired;
    },
    admit(attachment) {
      if (plan === undefined || structure === undefined) throw new Error('no judgement is in force');
      alter(
        [],
        plan.elementsOf(attachment).filter((element) => !present.has(elementId(element))),
      );
    },
    audit() {
      try {
        kernel.nftList(kernel.self(), `chain ${nft.family} ${nft.table} postrouting`);
      } catch {
        structure = undefined;
      }
    },
    dismiss(attachment) {
      if (plan === undefined || structure === undefined) return;
      alter(
        plan.elementsOf(attachment).filter((element) => present.has(elementId(element))),
        [],
      );
    },
  };
}

const byId = (elements: readonly Element[]): Map<string, Element> =>
  new Map(elements.map((element) => [elementId(element), element]));
