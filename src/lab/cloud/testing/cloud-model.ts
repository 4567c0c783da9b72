/** The transitions without a process: calls run on a state in memory, and time is what the test says. */
import { renderAnswer } from '../protocol/render-xml.ts';
import { loadEc2Model } from '../model/ec2-model.ts';
import { type CallContext, type Quotas, type Settling, defaultQuotas } from '../state/context.ts';
import { Draft, State } from '../state/draft.ts';
import { Ec2Error } from '../state/ec2-error.ts';
import { operations } from '../state/operations.ts';
import { seedState } from '../state/random.ts';
import { settle } from '../state/settle.ts';

type Operations = typeof operations;
type RequestOf<K extends keyof Operations> = Parameters<Operations[K]>[1];

const model = loadEc2Model();

export interface CloudModelOptions {
  /** Default: everything settles at once. */
  readonly settlingMs?: Partial<Readonly<Record<Settling, number>>>;
  readonly quotas?: Partial<Quotas>;
}

export class CloudModel {
  readonly state = new State();
  nowMs = Date.parse('2026-01-02T03:04:05Z');
  readonly #options: CloudModelOptions;

  constructor(options: CloudModelOptions = {}) {
    this.#options = options;
    const draft = new Draft(this.state);
    seedState(draft, 'test');
    this.state.commit(draft.changes);
  }

  get context(): CallContext {
    return {
      region: 'us-west-2',
      zones: ['us-west-2a', 'us-west-2b'],
      account: '111122223333',
      quotas: { ...defaultQuotas, ...this.#options.quotas },
      nowMs: this.nowMs,
      settlingMs: (what) => this.#options.settlingMs?.[what] ?? 0,
    };
  }

  /** The answer as the SDK's types say it; every one must render by the model. */
  call<K extends keyof Operations>(action: K, request: RequestOf<K>): ReturnType<Operations[K]> {
    const draft = new Draft(this.state);
    const answer = operations[action](draft, request as never, this.context) as ReturnType<Operations[K]>;
    const shape = model.operations[action]?.output ?? 'unit';
    renderAnswer({ model, action, shape, requestId: 'test', answer: answer as Record<string, unknown> });
    settle(draft, this.nowMs);
    this.state.commit(draft.changes);
    return answer;
  }

  /** The refusal of a call as `CODE: message`; the state must be as before. */
  refusal<K extends keyof Operations>(action: K, request: RequestOf<K>): string {
    const before = JSON.stringify([...this.state.all('interfaces'), ...this.state.all('groups')]);
    try {
      this.call(action, request);
    } catch (error) {
      if (!(error instanceof Ec2Error)) throw error;
      if (JSON.stringify([...this.state.all('interfaces'), ...this.state.all('groups')]) !== before) {
        throw new Error('a refused call changed the state', { cause: error });
      }
      return `${error.code}: ${error.message}`;
    }
    return 'not refused';
  }

  passTime(ms: number): void {
    this.nowMs += ms;
    const draft = new Draft(this.state);
    settle(draft, this.nowMs);
    this.state.commit(draft.changes);
  }
}

export interface SampleVpc {
  readonly vpc: string;
  readonly subnet: string;
  readonly group: string;
}

/** A VPC with one subnet and one group of its own. */
export function sampleVpc(cloud: CloudModel, cidr = '10.0.0.0/24'): SampleVpc {
  const vpc = cloud.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }).Vpc?.VpcId ?? '';
  const subnet = cloud.call('CreateSubnet', { VpcId: vpc, CidrBlock: cidr }).Subnet?.SubnetId ?? '';
  const group = cloud.call('CreateSecurityGroup', { VpcId: vpc, GroupName: 'web', Description: 'Web' }).GroupId ?? '';
  return { vpc, subnet, group };
}

export function runInstance(cloud: CloudModel, subnet: string, type = 'm5.large'): string {
  const { Instances } = cloud.call('RunInstances', {
    ImageId: 'ami-0123456789abcdef0',
    InstanceType: type as never,
    MinCount: 1,
    MaxCount: 1,
    SubnetId: subnet,
  });
  return Instances?.[0]?.InstanceId ?? '';
}

export const makeInterface = (cloud: CloudModel, subnet: string): string =>
  cloud.call('CreateNetworkInterface', { SubnetId: subnet }).NetworkInterface?.NetworkInterfaceId ?? '';
