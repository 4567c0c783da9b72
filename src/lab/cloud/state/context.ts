/** What a transition may know beside the state: who asks, the time, and how long things take. */

/** Things that take time although their call has answered. */
export type Settling = 'launch' | 'terminate' | 'attach' | 'detach' | 'associateCidr';

export interface CallContext {
  readonly region: string;
  readonly zones: readonly string[];
  readonly account: string;
  readonly nowMs: number;
  /** Milliseconds until it has settled; 0 is at once. Drawn anew by each call. */
  readonly settlingMs: (what: Settling) => number;
  /** Quotas of the account. */
  readonly groupsPerInterface: number;
}
