/**
 * What is to be done in EC2, as data. All numbers are decided here; an executor adds nothing but the calls. Actions of
 * one plan do not depend on each other: what needs an outcome comes with the next plan.
 */

interface Common {
  /** For whom: a set's key, or `node`; whoever waits there is told of a failure. */
  readonly pool: string;
  readonly reason: string;
}

export interface CreateInterface extends Common {
  readonly kind: 'create-interface';
  readonly subnet: string;
  readonly groups: readonly string[];
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly clientToken: string;
  readonly secondaryAddresses: number;
}

export interface AttachInterface extends Common {
  readonly kind: 'attach-interface';
  readonly interface: string;
  readonly instance: string;
  readonly deviceIndex: number;
  readonly card: number;
}

/** Interfaces that are attached later than at launch outlive their instance unless this is set. */
export interface SetDeleteOnTermination extends Common {
  readonly kind: 'set-delete-on-termination';
  readonly interface: string;
  readonly attachment: string;
}

export interface AssignAddresses extends Common {
  readonly kind: 'assign-addresses';
  readonly interface: string;
  readonly count: number;
}

export interface DetachInterface extends Common {
  readonly kind: 'detach-interface';
  readonly interface: string;
  readonly attachment: string;
}

export interface DeleteInterface extends Common {
  readonly kind: 'delete-interface';
  readonly interface: string;
}

export type Action =
  | CreateInterface
  | AttachInterface
  | SetDeleteOnTermination
  | AssignAddresses
  | DetachInterface
  | DeleteInterface;
