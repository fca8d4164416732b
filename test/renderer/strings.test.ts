import { readdirSync, readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { parse } from 'svelte/compiler'
import { describe, expect, it } from 'vitest'
import { errorCodes } from '../../src-main/contract/errors.ts'
import { en } from '../../src-renderer/strings/en.ts'
import { Format } from '../../src-renderer/strings/format.ts'
import { zhCN } from '../../src-renderer/strings/zh-CN.ts'

/** Every leaf by path: its kind and, for functions, how many parameters it takes. */
function leaves(value: unknown, path = ''): Map<string, string> {
  const found = new Map<string, string>()
  if (typeof value === 'function') return found.set(path, `function/${value.length}`)
  if (typeof value !== 'object' || value === null) return found.set(path, typeof value)
  for (const [key, child] of Object.entries(value)) for (const [at, kind] of leaves(child, `${path}/${key}`)) found.set(at, kind)
  return found
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'function') return [String((value as (...parameters: string[]) => unknown)('A', 'B', 'C'))]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(texts)
}

describe('the catalogues', () => {
  it('have the same keys with the same parameters in both languages', () => {
    expect([...leaves(zhCN)].sort()).toEqual([...leaves(en)].sort())
  })

  it('say something everywhere', () => {
    for (const catalogue of [en, zhCN]) expect(texts(catalogue).filter((text) => text.trim() === '')).toEqual([])
  })

  it('speak Chinese in Chinese: no sentence was left in English', () => {
    const english = new Set(texts(en).filter((text) => /[a-z]{3} [a-z]{2}/.test(text)))
    expect(texts(zhCN).filter((text) => english.has(text))).toEqual([])
  })

  it.each([['en', en.errors], ['zh-CN', zhCN.errors]] as const)('explain every error code and what to do: %s', (_locale, errors) => {
    expect(Object.keys(errors).sort()).toEqual([...errorCodes].sort())
  })
})

const root = resolve(import.meta.dirname, '../../src-renderer')
const components = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.svelte'))
  .map((file) => resolve(root, file))

/** Attributes that a person reads or hears. */
const spoken = new Set(['aria-label', 'title', 'placeholder', 'alt', 'label', 'text', 'hint'])

interface Node {
  type?: string
  name?: string
  data?: string
  value?: unknown
  [key: string]: unknown
}

/** Literal words in a component's markup: text nodes and the attributes above. */
function literals(source: string): string[] {
  const found: string[] = []
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(walk)
    if (typeof node !== 'object' || node === null) return
    const { type, name, data, value } = node as Node
    if (type === 'Text' && typeof data === 'string' && /\p{L}{2}/u.test(data)) found.push(data.trim())
    if (type === 'Attribute') {
      if (spoken.has(name ?? '') && Array.isArray(value)) walk(value)
      return
    }
    if (type === 'Script' || type === 'StyleSheet' || type === 'StyleDirective') return
    for (const [key, child] of Object.entries(node)) if (key !== 'css' && key !== 'instance' && key !== 'module') walk(child)
  }
  walk(parse(source, { modern: true }).fragment)
  return found
}

describe('the components', () => {
  it('are found', () => {
    expect(components.length).toBeGreaterThan(40)
  })

  it('hold no words of their own', () => {
    const offending = components.flatMap((file) => literals(readFileSync(file, 'utf8')).map((text) => `${relative(root, file)}: ${text}`))
    // `M` is a key, `drop=...` is the fault grammar: neither is language.
    expect(offending.filter((line) => !line.endsWith('drop=5@3,unplug=4000@12'))).toEqual([])
  })

  it('would be caught with words of their own', () => {
    expect(literals('<p>Stop it</p>')).toEqual(['Stop it'])
    expect(literals('<button title="Stop"></button>')).toEqual(['Stop'])
    expect(literals('<p class="soft">{t.stop}</p>')).toEqual([])
  })
})

describe('numbers and times', () => {
  const english = new Format('en')
  const chinese = new Format('zh-CN')

  it('follow the plural rules of each language', () => {
    expect([0, 1, 2].map((count) => english.plural(count, en.counts.recordings))).toEqual(['0 recordings', '1 recording', '2 recordings'])
    expect([0, 1, 2].map((count) => chinese.plural(count, zhCN.counts.recordings))).toEqual(['0 条记录', '1 条记录', '2 条记录'])
    expect(english.plural(12345, en.counts.recordings)).toBe('12,345 recordings')
  })

  it('never show a loss as none', () => {
    expect(english.percent(0)).toBe('0%')
    expect(english.percent(0.00042)).toBe('0.042%')
    expect(english.percent(0.012)).toBe('1.2%')
    expect(english.percent(0.5)).toBe('50%')
    expect(english.percent(1e-7)).toBe('<0.001%')
    expect(english.percent(0.9999)).toBe('99.99%')
  })

  it('keep the sign of a clock error', () => {
    expect(english.ppm(12.34)).toBe('+12 ppm')
    expect(english.ppm(-3.26)).toBe('\u22123.3 ppm')
    expect(english.ppm(0)).toBe('0 ppm')
  })

  it('show clocks that run', () => {
    expect([0, 59.9, 60, 3599, 3600, 36000].map((seconds) => english.clock(seconds))).toEqual(['00:00', '00:59', '01:00', '59:59', '1:00:00', '10:00:00'])
  })

  it('say spans and sizes in words', () => {
    expect(english.span(95)).toBe('1 min 35 sec')
    expect(english.span(7200)).toBe('2 hr 0 min')
    expect(english.bytes(1_536_000)).toBe('1.5 MB')
    expect(english.bytes(250e9)).toBe('250 GB')
    expect([0, 1, 2].map((count) => english.bytes(count))).toEqual(['0 bytes', '1 byte', '2 bytes'])
    expect(english.signed(-0.05, 2)).toBe('\u22120.05')
    expect(english.signed(0.2, 1)).toBe('0.2')
  })

  it('show the wall clock of the recording, not of the window', () => {
    expect(english.dateTime('2026-03-01T14:05:09.123+01:00', 'Europe/Berlin')).toBe('Mar 1, 2026, 14:05')
    expect(english.dateTime('2026-03-01T14:05:09.123+01:00', 'Asia/Shanghai')).toBe('Mar 1, 2026, 21:05')
  })
})
