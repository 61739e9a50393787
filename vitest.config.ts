// One project a folder of tests, so that `npm test -- --only unit,e2e` can choose, and so that tests which start real
// processes, each wanting ports and cores, run one file at a time while the others run side by side.

import { defineConfig } from 'vitest/config';

const seconds = (count: number) => count * 1000;

interface Kind {
  name: string;
  include?: string[];
  /** Longest that one test, or one hook, may take: it bounds what a hanging test costs, and measures nothing. */
  timeout: number;
  parallel?: boolean;
}

const kinds: Kind[] = [
  {
    name: 'unit',
    include: ['tests/unit/**/*.test.ts', 'packages/**/*.test.ts', 'apps/**/*.test.ts', 'web/**/*.test.ts'],
    timeout: seconds(10),
    parallel: true,
  },
  { name: 'contract', timeout: seconds(20) },
  { name: 'integration', timeout: seconds(60) },
  { name: 'e2e', timeout: seconds(90) },
  { name: 'browsers', timeout: seconds(180) },
  { name: 'chaos', timeout: seconds(180) },
  { name: 'compose', timeout: seconds(300) },
];

export default defineConfig({
  test: {
    projects: kinds.map(({ name, include, timeout, parallel }) => ({
      test: {
        name,
        include: include ?? [`tests/${name}/**/*.test.ts`],
        exclude: ['**/node_modules/**', '**/dist/**'],
        environment: 'node',
        pool: 'forks' as const,
        fileParallelism: parallel ?? false,
        testTimeout: timeout,
        hookTimeout: timeout,
      },
    })),
  },
});
