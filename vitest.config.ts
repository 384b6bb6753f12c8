import { defineConfig } from 'vitest/config';
import { CountReporter } from './test/support/count-reporter.ts';

// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // One more than cores: tests wait for servers and locks a fifth of their time.
    maxWorkers: 3,
    globalSetup: ['test/support/global-setup.ts'],
    // A warm test takes a fraction of a second; the limits are for a loaded machine.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: ['default', new CountReporter()],
  },
});
