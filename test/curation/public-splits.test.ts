import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { DatasetSplit, SplitOptionsInput, VersionEntry } from '../../src-main/contract/index.ts'
import { dataSupport } from '../../src-main/curation/data-support.ts'
import { checkLeaks } from '../../src-main/curation/leak-checks.ts'
import { buildSplit } from '../../src-main/curation/split-build.ts'
import { sha256 } from '../../src-main/dataset/hashes.ts'
import { publicData } from '../signal/physionet.ts'
import { anEntry, aVersion, options } from './samples.ts'

const ecgId = publicData('ecgiddb')
const bidmc = publicData('bidmc')

const header = (path: string): string[] => readFileSync(`${path}.hea`, 'latin1').split(/\r?\n/)
const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
const natural = new Intl.Collator('en', { numeric: true }).compare

/** Lanes as a header's signal lines have them. */
function lanesOf(lines: readonly string[]): VersionEntry['lanes'] {
  return lines.filter((line) => /^\S+\.dat /.test(line)).map((line, i) => {
    const [, , gain, , zero, , , , ...label] = line.split(' ')
    const [, perUnit, , baseline, unit] = /^([\d.]+)(\((-?\d+)\))?(?:\/(\S+))?$/.exec(gain) ?? []
    return { id: `lane-${i}`, label: label.join(' '), kind: 'ecg', unit: unit ?? 'mV', gainCountsPerUnit: Number(perUnit), baseline: Number(baseline ?? zero), bits: 16 }
  })
}

/** All of ECG-ID from its headers and bytes, without the product's importer. */
function ecgIdEntries(root: string): VersionEntry[] {
  let n = 0
  return readdirSync(root).filter((name) => name.startsWith('Person_')).sort(natural).flatMap((person) =>
    readdirSync(join(root, person)).filter((name) => name.endsWith('.hea')).sort(natural).map((name) => {
      const path = join(root, person, name.slice(0, -4))
      const lines = header(path)
      const [, date, month, year] = /^# ECG date: (\d+)\.(\d+)\.(\d+)/m.exec(lines.join('\n')) ?? []
      const hash = hashOf(`${path}.dat`)
      return anEntry(++n, { subject: person, day: `${year}-${month}-${date}`, lanes: lanesOf(lines), contentHash: hash, signalHash: hash, sourceHashes: [hash], rows: Number(lines[0].split(' ')[3]) })
    }),
  )
}

/** BIDMC's people by the source id in their headers; each record one recording, no dates. */
function bidmcEntries(root: string): VersionEntry[] {
  return readdirSync(root).filter((name) => /^bidmc\d+\.hea$/.test(name)).sort(natural).map((name, i) => {
    const path = join(root, name.slice(0, -4))
    const lines = header(path)
    const hash = hashOf(`${path}.dat`)
    return anEntry(i + 1, { subject: /matched\/(s\d+)/.exec(lines.join('\n'))?.[1] ?? '', day: null, session: 'one', rateHz: 125, rows: Number(lines[0].split(' ')[3]), lanes: lanesOf(lines), contentHash: hash, signalHash: hash, sourceHashes: [hash] })
  })
}

function findings(entries: readonly VersionEntry[], input: SplitOptionsInput): { split: DatasetSplit; found: string[] } {
  const version = aVersion(entries)
  const split = buildSplit(version, 's1', options(input), sha256)
  return { split, found: checkLeaks(split, version, { person: (code) => code, current: null }).map(({ check, severity }) => `${severity} ${check}`) }
}

const people = (split: DatasetSplit, role: string): number => new Set(split.assignments.filter((one) => one.role === role).map(({ subject }) => subject)).size

describe.skipIf(ecgId === null)('ECG-ID', () => {
  const entries = ecgId === null ? [] : ecgIdEntries(ecgId)

  it('leave-last-day-out: the 20 people with several days, 35 recordings of their last days, and nothing to read off headers', () => {
    expect([entries.length, new Set(entries.map(({ subject }) => subject)).size]).toEqual([310, 90])
    const { split, found } = findings(entries, { strategy: 'leave-last-day-out' })
    const count = (role: string): number => split.assignments.filter((one) => one.role === role).length
    expect([people(split, 'test'), count('test'), count('enrol') + count('validation'), count('validation')]).toEqual([20, 35, 100, 10])
    expect(new Set(split.leftOut.map(({ subject }) => subject)).size).toBe(70)
    expect(found).toEqual([])
    const support = dataSupport(split, entries)
    expect(support).toMatchObject({ subjects: 20, testSubjects: 20, crossSession: true })
    expect(support.eerHalfWidth).toBeGreaterThan(0.03)
    expect(support.eerHalfWidth).toBeLessThan(0.08)
  })

  it('cross-session has the 83 probes of other days that its README counts', () => {
    expect(findings(entries, { strategy: 'cross-session' }).split.assignments.filter(({ role }) => role === 'test').length).toBe(83)
  })

  it.each(['closed-set-by-recording', 'leave-last-recording-out', 'subject-disjoint', 'open-set', 'chronological'] as const)('%s does not leak', (strategy) => {
    expect(findings(entries, { strategy, validation: 0.1 }).found).toEqual([])
  })
})

describe.skipIf(bidmc === null)('BIDMC', () => {
  it('is 46 people whose headers each have a scale of their own: its own warning', () => {
    const entries = bidmc === null ? [] : bidmcEntries(bidmc)
    expect([entries.length, new Set(entries.map(({ subject }) => subject)).size]).toEqual([53, 46])
    const { split, found } = findings(entries, { strategy: 'chronological' })
    expect(people(split, 'test')).toBe(46)
    expect(found).toContain('warn adc-fingerprint')
    expect(found.filter((one) => one.startsWith('block'))).toEqual([])
    expect(() => findings(entries, { strategy: 'leave-last-day-out' })).toThrow(expect.objectContaining({ code: 'split-impossible' }))
  })
})
