import { describe, expect, it } from 'vitest';

import { ip } from '../../core/address/ip.ts';
import { silentLog } from '../../daemon/log.ts';
import { clockDouble } from '../testing/doubles.ts';
import { kernelDouble } from '../testing/kernel-double.ts';
import { createForgetter } from './forget-connections.ts';

function setUp() {
  const kernel = kernelDouble();
  const clock = clockDouble();
  const forgetter = createForgetter({ kernel, clock, log: silentLog });
  const walks = (): number => kernel.dumps.filter((one) => one === 'connections').length;
  return { clock, forgetter, walks };
}

describe('tracked connections of pods that have left', () => {
  it('are looked for once for all that left within a second', async () => {
    const { clock, forgetter, walks } = setUp();
    for (let at = 20; at < 40; at++) forgetter.forget(ip(`10.0.0.${at}`));
    await clock.advance(5000);
    expect(walks()).toBe(1);
  });

  it('are gone before the same address is used again', async () => {
    const { clock, forgetter, walks } = setUp();
    forgetter.settle(ip('10.0.0.20'));
    expect(walks()).toBe(0);
    forgetter.forget(ip('10.0.0.20'), ip('10.0.0.21'));
    forgetter.settle(ip('10.0.0.22'));
    expect(walks()).toBe(0);
    forgetter.settle(ip('10.0.0.20'));
    expect(walks()).toBe(1);
    await clock.advance(5000);
    expect(walks()).toBe(1);
    forgetter.forget(ip('10.0.0.20'));
    await clock.advance(5000);
    expect(walks()).toBe(2);
  });
});
