/** What a lab is started with. */
import type { ProxyMode } from './cluster/node/configs.ts';

export interface LabOptions {
  /** Required; see `labFolders`. */
  readonly name: string;
  /** The clone. */
  readonly root: string;
  /** How long EC2's calls take. */
  readonly latency: 'fast' | 'ec2';
  /** Of each node, at least one. */
  readonly nodeTypes: readonly string[];
  readonly proxyMode: ProxyMode;
  /** As for an account that EC2 has admitted to trunk interfaces. Default false. */
  readonly trunks?: boolean;
  /** Ends a start, and every kubectl of ours. */
  readonly signal: AbortSignal;
  /** Called when somebody asks on the control socket that the lab end: `signal` is to be aborted, and `stop` called. */
  readonly onStopAsked: () => void;
  readonly step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
  readonly say: (text: string) => void;
  readonly progress: (text: string) => void;
}
