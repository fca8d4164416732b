// npm run bench -- NAME [options]: builds bench/NAME.ts and runs it. Prints a table and, last, one JSON line.
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'

const folder = import.meta.dirname
const root = resolve(folder, '..')
const names = readdirSync(folder).filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -3))
const [name] = process.argv.slice(2)
if (!name || !existsSync(join(folder, `${name}.ts`))) {
  process.stderr.write(`Usage: npm run bench -- NAME, where NAME is one of: ${names.join(', ')}\n`)
  process.exit(2)
}
const outDir = join(root, 'out', 'bench')
await build({
  root,
  configFile: false,
  logLevel: 'warn',
  build: {
    ssr: join(folder, `${name}.ts`),
    outDir,
    emptyOutDir: false,
    target: 'node20',
    rollupOptions: { output: { format: 'es', entryFileNames: `${name}.js` } },
  },
})
const { run } = await import(pathToFileURL(join(outDir, `${name}.js`)).href)
await run(process.argv.slice(3))
