/** Which call is meant: modelled, known to EC2 only, or unknown to both. */
import type { Ec2Model } from '../model/ec2-model.ts';
import { Ec2Error } from '../state/ec2-error.ts';
import { type Operation, operations } from '../state/operations.ts';

export interface FoundOperation {
  readonly action: string;
  readonly operation: Operation;
  /** Names of shapes in the model. */
  readonly input: string;
  readonly output: string;
  /** It changes nothing. */
  readonly reads: boolean;
}

export function findOperation(model: Ec2Model, parameters: ReadonlyMap<string, string>): FoundOperation {
  const action = parameters.get('Action');
  if (action === undefined || action === '') {
    throw new Ec2Error('MissingAction', 'The request must contain the parameter Action');
  }
  const version = parameters.get('Version');
  if (version === undefined) throw new Ec2Error('MissingParameter', 'The request must contain the parameter Version');
  const described = Object.hasOwn(model.operations, action) ? model.operations[action] : undefined;
  if (described === undefined) {
    if (model.known.includes(action)) {
      throw new Ec2Error('UnsupportedOperation', `The lab's cloud does not model the operation ${action}.`);
    }
    throw new Ec2Error('InvalidAction', `The action ${action} is not valid for this web service.`);
  }
  if (!/^\d{4}-\d{2}-\d{2}$/.test(version) || version > model.apiVersion) {
    throw new Ec2Error('NoSuchVersion', `The requested version (${version}) of service EC2 does not exist`);
  }
  const operation: Operation = operations[action as keyof typeof operations];
  return { action, operation, ...described, reads: /^(Describe|Get)/.test(action) };
}
