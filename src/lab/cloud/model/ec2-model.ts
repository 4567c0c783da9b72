/** EC2's service model, pruned to what the lab models: made from the AWS SDK by `scripts/generate-ec2-model.ts`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How a member is called in a request (`query`) and in an answer (`xml`). */
export interface Member {
  /** A simple type (`string`, `number`, `boolean`, `timestamp`, `blob`) or a name in {@link Ec2Model.shapes}. */
  readonly shape: string;
  readonly xml: string;
  readonly query: string;
  readonly required?: boolean;
}
export interface Structure {
  readonly members: Readonly<Record<string, Member>>;
}
export interface List {
  readonly item: string;
  /** The element around each item of an answer. */
  readonly xml: string;
}
export type Shape = Structure | List;

export interface Ec2Model {
  /** Version of @aws-sdk/client-ec2. */
  readonly sdk: string;
  readonly namespace: string;
  readonly apiVersion: string;
  /** `unit` is no input or output. */
  readonly operations: Readonly<Record<string, { readonly input: string; readonly output: string }>>;
  /** Operations of EC2 that the lab does not model. */
  readonly known: readonly string[];
  readonly shapes: Readonly<Record<string, Shape>>;
}

export const loadEc2Model = (): Ec2Model =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'ec2-model.gen.json'), 'utf8')) as Ec2Model;
