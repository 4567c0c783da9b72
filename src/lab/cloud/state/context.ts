/** What a transition may know beside the state: who asks, the time, and how long things take. */

/** Things that take time although their call has answered. */
export type Settling = 'launch' | 'terminate' | 'attach' | 'detach' | 'associateCidr' | 'natGateway';

/** Of the account; AWS raises them on request. */
export interface Quotas {
  /** Default 5, at most 16. */
  readonly groupsPerInterface: number;
  /** Of the region. Default 5,000. */
  readonly interfaces: number;
  /** Whether EC2 has admitted the account to trunk interfaces. Default false. */
  readonly trunks: boolean;
}

export const defaultQuotas: Quotas = { groupsPerInterface: 5, interfaces: 5000, trunks: false };

export interface CallContext {
  readonly region: string;
  readonly zones: readonly string[];
  readonly account: string;
  readonly nowMs: number;
  /** Milliseconds until it has settled; 0 is at once. Drawn anew by each call. */
  readonly settlingMs: (what: Settling) => number;
  readonly quotas: Quotas;
}
