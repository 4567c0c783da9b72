import { defineConfig } from 'vitest/config';

const randomTests = [
  'src/agent/packets.differential.test.ts',
  'src/lab/cloud/fuzz.test.ts',
  'src/lab/fabric/fabric.differential.test.ts',
];

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
        // After the others and one at a time. One lab serves all that needs a cluster; what starts and ends are like needs
        // its own.
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
        // `npm run test:soak`: what is too long for every day, and random tests with more throws than every day.
        test: {
          name: 'soak',
          include: ['test/soak/**/*.test.ts', ...randomTests],
          env: { FABRIC_FLOWS: '100000', FUZZ_REQUESTS: '100000', JUDGEMENT_FLOWS: '20000', ...process.env },
          testTimeout: 20 * 60_000,
          hookTimeout: 20 * 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
