import { resolve } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'electron-vite'

const from = (path: string) => resolve(import.meta.dirname, path)

/** Three bundles: the Node side (one entry per process), the sandboxed preload, the renderer. */
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      externalizeDeps: true,
      rollupOptions: {
        input: {
          electron: from('src-main/hosts/electron/main.ts'),
          cli: from('src-main/hosts/cli/main.ts'),
          jobs: from('src-main/workers/jobs.ts'),
          trainer: from('src-main/workers/trainer.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      rollupOptions: {
        input: { preload: from('src-main/hosts/electron/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: from('src-renderer'),
    base: './',
    plugins: [svelte({ configFile: from('svelte.config.js') })],
    build: {
      outDir: from('out/renderer'),
      emptyOutDir: true,
      rollupOptions: { input: { index: from('src-renderer/index.html') } },
    },
  },
})
