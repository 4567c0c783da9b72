/** How much is kept ready: the one place with the planner's numbers. */

/**
 * Addresses of a set beyond those of its pods: the next pod of a set starts without a cloud call. One, since sets are
 * many and subnets are not.
 */
export const SET_WARM_ADDRESSES = 1;

/** With how many a set's first interface is born: one for the pod that asked, and the warm one. */
export const INITIAL_ADDRESSES = 1 + SET_WARM_ADDRESSES;

/**
 * How long a set keeps an interface that its pods need no longer: a Deployment that is rolled or restarted finds it
 * again. Longer than an address's cooldown on the node.
 */
export const SET_IDLE_MS = 60_000;

/** How often to look at EC2 while an interface is on its way out or in; detaching takes 2 to 20 s. */
export const DETACHING_RECHECK_MS = 2000;
export const ATTACHING_RECHECK_MS = 10_000;

/**
 * How long a pod waits for EKS's controller, or for EC2 to show what that has done, before this is told: most get their
 * interface within seconds, and pods start without a write of ours.
 */
export const EKS_PATIENCE_MS = 15_000;
