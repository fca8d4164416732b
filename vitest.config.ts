import { svelte } from '@sveltejs/vite-plugin-svelte'
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** `unit` needs nothing but Node; `pty`, `crash` and `web` drive the built program (socat, SIGKILL, Chromium). */
export default defineConfig({
  plugins: [svelte()],
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // As many as there are cores: Vitest itself leaves one free, which on two is half of them.
    maxWorkers: availableParallelism(),
    setupFiles: ['test/setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/pty/**', 'test/crash/**', 'test/web/**'],
        },
      },
      { extends: true, test: { name: 'pty', include: ['test/pty/**/*.test.ts'], testTimeout: 300_000, fileParallelism: false } },
      { extends: true, test: { name: 'crash', include: ['test/crash/**/*.test.ts'], testTimeout: 300_000 } },
      {
        extends: true,
        test: {
          name: 'web',
          include: ['test/web/**/*.test.ts'],
          testTimeout: 240_000,
          fileParallelism: false,
          // A busy computer takes seconds to start a page; waiting costs nothing where it does not.
          expect: { poll: { timeout: 15_000, interval: 100 } },
        },
      },
    ],
  },
})
