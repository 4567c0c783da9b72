/** What EKS's node images keep of a node for the system, so that as much is left for pods as on EKS. Pure. */
import { instanceSize } from '../../instance-sizes.ts';
import { maxPods } from './identity.ts';

export interface Reservations {
  readonly kubeReserved: Readonly<Record<string, string>>;
  /**
   * What EKS keeps by its eviction thresholds. Here nothing is evicted: memory and disk are the machine's, and how full
   * they are is not the node's to judge.
   */
  readonly systemReserved: Readonly<Record<string, string>>;
}

/** Of the first CPU 6 %, of the second 1 %, of the next two 0.5 %, of each further 0.25 %; in thousandths of a CPU. */
function reservedMilliCpu(vcpus: number): number {
  const shares = [60, 10, 5, 5, ...Array<number>(Math.max(0, vcpus - 4)).fill(2.5)];
  return Math.floor(shares.slice(0, vcpus).reduce((sum, share) => sum + share, 0));
}

export const reservations = (type: string): Reservations => ({
  kubeReserved: {
    cpu: `${reservedMilliCpu(instanceSize(type).vcpus)}m`,
    memory: `${255 + 11 * maxPods(type)}Mi`,
    'ephemeral-storage': '1Gi',
  },
  systemReserved: { memory: '100Mi' },
});
