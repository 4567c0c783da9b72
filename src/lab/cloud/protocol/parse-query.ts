/**
 * EC2's Query protocol, the request's half: parameters such as `Filter.1.Value.2=x` become the value that the SDK's
 * types describe, by the model alone. Whatever does not fit is refused in EC2's words.
 */
import type { Ec2Model, Structure } from '../model/ec2-model.ts';
import { Ec2Error } from '../state/ec2-error.ts';

/** Parameters that every call may carry. */
const envelope = new Set(['Action', 'Version', 'Timestamp', 'Expires', 'AUTHPARAMS']);
const isEnvelope = (key: string): boolean =>
  envelope.has(key) || /^X-Amz-/i.test(key) || /^(AWSAccessKeyId|Signature(Method|Version)?|SecurityToken)$/.test(key);

/** Parameters as a tree: `Filter.1.Name` is under `Filter`, `1`, `Name`. */
interface Branch {
  text?: string;
  readonly children: Map<string, Branch>;
}

export interface ParseOptions {
  readonly model: Ec2Model;
  /** Name of the input's structure; `unit` for none. */
  readonly shape: string;
  readonly parameters: Iterable<readonly [string, string]>;
}

export function parseQuery({ model, shape, parameters }: ParseOptions): Readonly<Record<string, unknown>> {
  const root: Branch = { children: new Map() };
  for (const [key, text] of parameters) if (!isEnvelope(key)) plant(root, key, text);
  return new QueryReader(model).structure(root, shape, '');
}

function plant(root: Branch, key: string, text: string): void {
  let at = root;
  for (const part of key.split('.')) {
    let next = at.children.get(part);
    if (next === undefined) {
      next = { children: new Map() };
      at.children.set(part, next);
    }
    at = next;
  }
  at.text = text;
}

class QueryReader {
  readonly #model: Ec2Model;

  constructor(model: Ec2Model) {
    this.#model = model;
  }

  structure(branch: Branch, shape: string, path: string): Record<string, unknown> {
    const { members } = shape === 'unit' ? { members: {} } : (this.#model.shapes[shape] as Structure);
    const value: Record<string, unknown> = {};
    const names = new Set<string>();
    for (const [key, member] of Object.entries(members)) {
      names.add(member.query);
      const child = branch.children.get(member.query);
      if (child !== undefined) {
        value[key] = this.#value(child, member.shape, join(path, member.query));
      } else if (member.required === true) {
        throw new Ec2Error(
          'MissingParameter',
          `The request must contain the parameter ${path === '' ? member.query : join(path, member.query)}`,
        );
      }
    }
    for (const key of branch.children.keys()) {
      if (!names.has(key)) throw new Ec2Error('UnknownParameter', `The parameter ${join(path, key)} is not recognized`);
    }
    return value;
  }

  #value(branch: Branch, shape: string, path: string): unknown {
    switch (shape) {
      case 'string':
      case 'blob':
        return textOf(branch, path);
      case 'number':
        return readNumber(textOf(branch, path), path);
      case 'boolean':
        return readBoolean(textOf(branch, path), path);
      case 'timestamp':
        return readTime(textOf(branch, path), path);
      default: {
        const described = this.#model.shapes[shape];
        if (described === undefined) throw new TypeError(`the model has no shape ${shape}`);
        return 'item' in described ? this.#list(branch, described.item, path) : this.structure(branch, shape, path);
      }
    }
  }

  /** Indices may have gaps; their order is the list's. An empty list is sent as the bare name without text. */
  #list(branch: Branch, item: string, path: string): unknown[] {
    if (branch.children.size === 0 && branch.text !== '') throw unreadable(branch.text ?? '', path);
    return [...branch.children]
      .map(([key, child]) => {
        if (!/^\d{1,9}$/.test(key)) {
          throw new Ec2Error('UnknownParameter', `The parameter ${join(path, key)} is not recognized`);
        }
        return { index: Number(key), child };
      })
      .sort((a, b) => a.index - b.index)
      .map(({ index, child }) => this.#value(child, item, join(path, String(index))));
  }
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

const unreadable = (text: string, path: string): Ec2Error =>
  new Ec2Error('InvalidParameterValue', `Value (${text}) for parameter ${path} is invalid.`);

function textOf(branch: Branch, path: string): string {
  const [child] = branch.children.keys();
  if (child !== undefined) {
    throw new Ec2Error('UnknownParameter', `The parameter ${join(path, child)} is not recognized`);
  }
  return branch.text ?? '';
}

function readNumber(text: string, path: string): number {
  if (!/^[+-]?\d{1,15}(\.\d{1,15})?$/.test(text)) throw unreadable(text, path);
  return Number(text);
}

function readBoolean(text: string, path: string): boolean {
  const lower = text.toLowerCase();
  if (lower !== 'true' && lower !== 'false') throw unreadable(text, path);
  return lower === 'true';
}

function readTime(text: string, path: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw unreadable(text, path);
  return time;
}
