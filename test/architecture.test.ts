import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorCodes } from '../src-main/contract/index.ts'

const root = resolve(import.meta.dirname, '..')

/** Room -> rooms that it may import. Everything may import itself. */
const arrows: Record<string, readonly string[]> = {
  contract: [],
  signal: [],
  devices: ['contract'],
  formats: ['contract'],
  curation: ['signal', 'contract'],
  dataset: ['formats', 'curation', 'signal', 'contract'],
  exchange: ['formats', 'dataset', 'curation', 'signal', 'contract'],
  // An imported recording is verified and recovered from its originals, as one made here is from its journal.
  recording: ['devices', 'formats', 'dataset', 'exchange', 'signal', 'contract'],
  learning: ['signal', 'curation', 'contract'],
  // From a version and a split to a finished, reported model: where the dataset meets learning.
  runs: ['learning', 'exchange', 'dataset', 'formats', 'curation', 'signal', 'contract'],
  services: ['runs', 'learning', 'recording', 'exchange', 'dataset', 'curation', 'devices', 'formats', 'signal', 'contract'],
  // The entries that a host forks: they run a service's work in another thread.
  workers: ['services', 'runs', 'learning', 'recording', 'exchange', 'dataset', 'curation', 'devices', 'formats', 'signal', 'contract'],
  hosts: ['services', 'contract'],
  renderer: ['contract', 'signal'],
}
const pureRooms = new Set(['signal', 'devices', 'formats', 'curation'])

interface SourceFile {
  readonly path: string
  readonly room: string
  readonly text: string
  readonly imports: readonly string[]
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesBelow(path)
    return /\.(ts|svelte)$/.test(entry.name) ? [path] : []
  })
}

function roomOf(path: string): string {
  const [top, room] = relative(root, path).split(/[\\/]/)
  if (top === 'src-renderer') return 'renderer'
  if (top === 'package.json') return 'resources'
  return top === 'src-main' ? (room ?? '') : (top ?? '')
}

const sources: SourceFile[] = ['src-main', 'src-renderer'].flatMap((top) =>
  filesBelow(join(root, top)).map((path) => {
    const text = readFileSync(path, 'utf8')
    const imports = [...text.matchAll(/(?:^|[\s;}])(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|import\s*\(?\s*['"]([^'"]+)['"]/g)].map(
      (match) => match[1] ?? match[2] ?? '',
    )
    return { path, room: roomOf(path), text, imports }
  }),
)

describe('the house', () => {
  it('has every arrow between rooms that it may have, and no other', () => {
    const wrong: string[] = []
    for (const source of sources) {
      const allowed = arrows[source.room]
      if (!allowed) wrong.push(`${relative(root, source.path)} is in no known room`)
      for (const target of source.imports.filter((path) => path.startsWith('.'))) {
        const room = roomOf(resolve(dirname(source.path), target))
        if (room === source.room || room === 'resources' || allowed?.includes(room)) continue
        wrong.push(`${relative(root, source.path)} imports ${target} (${source.room} -> ${room})`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('lets only hosts/electron import electron', () => {
    const importers = sources.filter((source) => source.imports.some((path) => path === 'electron' || path.startsWith('electron/')))
    expect(importers.filter((source) => !relative(root, source.path).startsWith(join('src-main', 'hosts', 'electron')))).toEqual([])
  })

  it('keeps signal, devices, formats and curation pure: no node, no clock, no randomness of their own', () => {
    const impure = /(?<![-.\w])(Date\.now|new Date\(\)|Math\.random|performance\.now|setTimeout|setInterval|process\.|document\.|window\.)/
    const wrong = sources
      .filter((source) => pureRooms.has(source.room))
      .filter((source) => source.imports.some((path) => path.startsWith('node:')) || impure.test(withoutComments(source.text)))
      .map((source) => relative(root, source.path))
    expect(wrong).toEqual([])
  })

  it('names no machine, no registry and no author of its prose', () => {
    const texts = [...sources, ...['README.md', 'datasets/README.md', 'resources/errors.md'].map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))]
    expect(texts.filter(({ text }) => /\/work\/|\/root\//.test(text)).map(({ path }) => path)).toEqual([])
  })
})

describe('errors.md', () => {
  const document = readFileSync(join(root, 'resources/errors.md'), 'utf8')
  const headings = [...document.matchAll(/^## (\S+)$/gm)].map((match) => match[1])

  it('has one heading per code and each says what happened and what to do', () => {
    expect([...headings].sort()).toEqual([...errorCodes].sort())
    for (const section of document.split(/^## /m).slice(1)) {
      expect(section).toMatch(/\n\nWhat happened: .+\n\nWhat to do: .+/)
    }
  })

  it('names only codes that the program really throws', () => {
    const program = sources.filter((source) => !source.path.endsWith(join('contract', 'errors.ts')) && source.room !== 'renderer')
    const unthrown = errorCodes.filter((code) => !program.some((source) => source.text.includes(`'${code}'`)))
    // Thrown by the class itself for whatever is not a LabError yet.
    expect(unthrown.filter((code) => code !== 'internal-error')).toEqual([])
  })
})

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
}
