import { describe, expect, it } from 'vitest';

import { reservations } from './reservations.ts';

describe('what a node keeps for the system', () => {
  it.each([
    ['t2.micro', '60m', '299Mi'],
    ['t3.medium', '70m', '442Mi'],
    ['m5.large', '70m', '574Mi'],
    ['m5.xlarge', '80m', '893Mi'],
    ['c5.24xlarge', '310m', '8362Mi'],
  ])('is as on EKS for %s', (type, cpu, memory) => {
    expect(reservations(type).kubeReserved).toEqual({ cpu, memory, 'ephemeral-storage': '1Gi' });
  });

  it('is also what EKS holds back by its threshold of eviction', () => {
    expect(reservations('m5.large').systemReserved).toEqual({ memory: '100Mi' });
  });
});
