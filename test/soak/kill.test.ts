/** Fifty labs that end the hard way. */
import { describe } from 'vitest';

import { killedLabs } from '../testing/killed-labs.ts';

describe('fifty labs that are killed', () => {
  killedLabs({ name: 'soak', count: 50, seed: Date.now() % 1_000_000 });
});
