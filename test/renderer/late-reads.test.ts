import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lateReads } from './late-reads.ts'

const root = resolve(import.meta.dirname, '../../src-renderer')
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name))
const components = files.filter((name) => name.endsWith('.svelte')).map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }))

const inScript = (script: string, markup = ''): string[] => lateReads(`<script lang="ts">\n${script}\n</script>\n${markup}`).map(({ line, name }) => `${line} ${name}`)

describe('what a component reads after it waited', () => {
  const t = 'const t = $derived(language.strings)\n'

  it.each([
    ['after an await', `${t}async function save() {\n await lab()\n say(t.saved) }`, ['5 t']],
    ['in the argument of the first await: before it', `${t}async function save() { await lab(t.name) }`, []],
    ['before it, and kept', `${t}async function save() { const words = t.saved; await lab(); say(words) }`, []],
    ['around the await itself', `${t}async function save() { say((await lab()) ? t.yes : t.no) }`, ['3 t', '3 t']],
    ['the other branch', `${t}async function save() { if (a) await lab()\n else say(t.no) }`, []],
    ['after either branch', `${t}async function save() { if (a) await lab()\n say(t.no) }`, ['4 t']],
    ['when a loop comes round', `${t}async function save() { for (const a of all) await lab(t.name) }`, ['3 t']],
    ['in what a loop goes over: read once', `const all = $derived(f())\nasync function save() { for (const one of all) await lab(one) }`, []],
    ['in a function that is called then', `${t}const words = () => t.saved\nasync function save() { await lab(); say(words()) }`, ['3 t']],
    ['in what a promise calls', `${t}lab().then(() => say(t.saved))`, ['3 t']],
    ['in what a timer calls', `${t}setTimeout(() => say(t.saved), 10)`, ['3 t']],
    ['where it is handled', `${t}async function save() { try { await lab() } catch (thrown) { say(t.failed, thrown) } }`, ['3 t']],
    ['a prop', 'const { id, onclose }: { id: string; onclose: () => void } = $props()\nasync function save() { await lab(); open(id); onclose() }', ['3 id']],
    ['another thing of that name', `${t}async function save() { await lab(); const t = 1; say(t); rows.map((t) => t.name); say(row.t, { t: 1 }) }`, []],
    ['a name of the function around', `${t}const open = () => { const t = 1; void later(async () => { await lab(); say(t) }) }`, []],
    ['a state', 'let busy = $state(false)\nasync function save() { await lab(); busy = !busy }', []],
  ])('%s', (_, script, expected) => {
    expect(inScript(script)).toEqual(expected)
  })

  it('in markup', () => {
    expect(inScript('', '{#if a}{@const twice = 2 * a}<button onclick={async () => { await lab(); say(twice) }}>x</button>{/if}')).toEqual(['4 twice'])
  })
})

describe('every component of the window', () => {
  it('reads nothing of its own once its screen may have been left', () => {
    expect(components.length).toBeGreaterThan(200)
    expect(components.flatMap(({ path, text }) => lateReads(text).map(({ line, name }) => `${path}:${line} ${name}`))).toEqual([])
  })

  it('leaves classes that derive to the window, which outlives every screen', () => {
    const deriving = files.filter((name) => name.endsWith('.svelte.ts')).map((path) => readFileSync(path, 'utf8')).filter((text) => text.includes('$derived'))
    const classes = deriving.flatMap((text) => [...text.matchAll(/export class (\w+)/g)].map(([, name]) => name))
    expect(classes).toContain('RunsState')
    const made = components.flatMap(({ path, text }) => classes.filter((name) => new RegExp(`new ${name}\\(`).test(text)).map((name) => `${path}: ${name}`))
    expect(made).toEqual([])
  })
})
