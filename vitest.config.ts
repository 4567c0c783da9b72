import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // The kernel tests of several files share one machine's RTNL lock; more workers only queue behind it.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // A whole lab each: after the others and one at a time, since there is one lab per machine.
        test: {
          name: 'lab',
          include: ['test/**/*.test.ts'],
          exclude: ['test/soak/**'],
          testTimeout: 20 * 60_000,
          hookTimeout: 20 * 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // `npm run test:soak`: what is too long for every day.
        test: {
          name: 'soak',
          include: ['test/soak/**/*.test.ts'],
          testTimeout: 20 * 60_000,
          hookTimeout: 20 * 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
