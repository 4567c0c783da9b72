/** What the verbs of a running lab have in common: which lab, in which form, and how it is asked. */
import { Command, InvalidArgumentError } from 'commander';

import { callControl } from '../../../lab/control/call-control.ts';
import type { ControlRequest, ControlResults } from '../../../lab/control/protocol.ts';
import { labFolders } from '../../../lab/folders.ts';
import type { Output } from '../../output.ts';

export interface VerbOptions {
  readonly name: string;
  readonly output: 'text' | 'json';
}

export const oneOf =
  <T extends string>(...values: readonly T[]) =>
  (value: string): T => {
    const found = values.find((each) => each === value);
    if (found === undefined) throw new InvalidArgumentError(`it is one of: ${values.join(', ')}`);
    return found;
  };

export const labName = (value: string): string => {
  if (!/^[a-z][a-z0-9]{0,7}$/.test(value)) {
    throw new InvalidArgumentError('a lower-case letter, then at most seven letters or digits');
  }
  return value;
};

/** A verb of the lab that runs; `--name` may also stand before it. */
export const verb = (usage: string, description: string): Command =>
  new Command(usage)
    .description(description)
    .option('--name <name>', 'of the lab (default: "lab")', labName)
    .showHelpAfterError();

/** As {@link verb}, of one that prints data. */
export const dataVerb = (usage: string, description: string): Command =>
  verb(usage, description).option('--output <format>', 'text or json', oneOf('text', 'json'), 'text');

/** The verb's own options, with the lab's name from wherever it was given. */
export function verbOptions(command: Command): VerbOptions {
  const options = command.opts<Partial<VerbOptions>>();
  let { name } = options;
  for (let parent = command.parent; parent !== null && name === undefined; parent = parent.parent) {
    name = parent.opts<Partial<VerbOptions>>().name;
  }
  return { name: name ?? 'lab', output: options.output ?? 'text' };
}

/** Asks the running lab, and shows its progress. */
export async function askLab<R extends ControlRequest>(
  { name }: Pick<VerbOptions, 'name'>,
  request: R,
  output: Output,
): Promise<ControlResults[R['verb']]> {
  const path = labFolders(name).control;
  const { value } = await callControl({ path, labName: name, request, tell: (text) => output.say(`  ${text}`) });
  return value;
}

/** Prints data: as JSON where it was asked for, else as text. */
export function printData<T>(
  value: T,
  how: VerbOptions & { readonly text: (value: T) => string; readonly to: Output },
) {
  how.to.result(how.output === 'json' ? JSON.stringify(value, null, 2) : how.text(value));
}
