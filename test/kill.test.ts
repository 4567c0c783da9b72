/** A few of the ends of `soak/kill.test.ts`, for every day; a good end is that of `path.test.ts`. */
import { describe } from 'vitest';

import { killedLabs } from './testing/killed-labs.ts';

describe('a lab that is killed', () => {
  killedLabs({ name: 'killed', count: 2, seed: Date.now() % 1_000_000 });
});
