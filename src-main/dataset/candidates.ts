import { join } from 'node:path'
import { LabError, type Recording, type RecordingId } from '../contract/index.ts'
import type { CandidateLabel, CurationCandidate } from '../curation/candidates.ts'
import { readAnalysis } from './analysis.ts'
import { LayerFold } from './label-fold.ts'
import { annotatorOf, readLabelLines } from './label-lines.ts'
import type { Files } from './files.ts'
import { leadingBlockRows } from './leading-block.ts'
import type { RecordingStore } from './recordings.ts'
import { sessionOf } from './recording-scan.ts'
import type { SubjectStore } from './subjects.ts'

/** All that is in the recording's own folder. */
type OwnPart = Omit<CurationCandidate, 'subject' | 'codes' | 'tags' | 'consent'>

/** Folders looked at in one go. */
const together = 32

/** Originals without a sample in them: equal ones prove nothing (two recordings may have the same header but for its name, or no annotation at all). */
const noSignal = /\.(hea|atr|qrs|qrsc|ecg|ari|st|xml|json|tsv|md|xws)$/i

/**
 * Collects what the curation rules ask, from recording.json, analysis.json and the label layers. What has not changed on disk is not read again, so that the second look
 * at 10,000 recordings costs no more than their folders' lists.
 */
export class CandidateCollector {
  readonly #files: Files
  readonly #recordings: RecordingStore
  readonly #subjects: SubjectStore
  readonly #known = new Map<RecordingId, { stamp: string; part: OwnPart }>()

  constructor(parts: { files: Files; recordings: RecordingStore; subjects: SubjectStore }) {
    this.#files = parts.files
    this.#recordings = parts.recordings
    this.#subjects = parts.subjects
  }

  /**
   * All readable recordings, by id. Unreadable ones are in `RecordingStore.findings`; an unreadable analysis counts as none.
   * @throws LabError `file-read-failed`, `cancelled`.
   */
  async collect(options: { readonly signal?: AbortSignal } = {}): Promise<CurationCandidate[]> {
    const items = await this.#recordings.list()
    const people = new Map((await this.#subjects.list()).map((subject) => [subject.code as string, { ...subject, codes: this.#subjects.codesOf(subject.code).map((code) => code.toLowerCase()) }]))
    const collected = new Map<RecordingId, CurationCandidate>()
    let next = 0
    const runner = async (): Promise<void> => {
      while (next < items.length) {
        if (options.signal?.aborted) throw new LabError('cancelled', 'Looking at the recordings was cancelled.')
        const item = items[next++]
        const part = await this.#own(item.id)
        const person = people.get(item.subject)
        // Recordings of a code that nobody registered: a finding of `verify`; nothing is known of the person.
        if (part) collected.set(item.id, { ...part, subject: item.subject, codes: person?.codes ?? [item.subject.toLowerCase()], tags: person?.tags ?? [], consent: person?.consent ?? 'unknown' })
      }
    }
    await Promise.all(Array.from({ length: Math.min(together, items.length) }, runner))
    for (const id of this.#known.keys()) if (!collected.has(id)) this.#known.delete(id)
    return items.flatMap(({ id }) => collected.get(id) ?? [])
  }

  /** `null` when the recording went away while one looked. */
  async #own(id: RecordingId): Promise<OwnPart | null> {
    try {
      const folder = this.#recordings.folder(id)
      const names = (await this.#files.list(folder)).map(({ name }) => name).filter((name) => name === 'recording.json' || name === 'analysis.json' || annotatorOf(name) !== null)
      const stamps = await Promise.all(names.sort().map(async (name) => `${name} ${stampOf(await this.#files.stat(join(folder, name)))}`))
      const stamp = stamps.join('\n')
      const known = this.#known.get(id)
      if (known?.stamp === stamp) return known.part
      const part = await this.#read(folder, await this.#recordings.get(id), names)
      this.#known.set(id, { stamp, part })
      return part
    } catch (thrown) {
      const { code } = LabError.from(thrown)
      if (code === 'recording-not-found' || code === 'file-not-found' || code === 'recording-incomplete') return null
      throw thrown
    }
  }

  async #read(folder: string, recording: Recording, names: readonly string[]): Promise<OwnPart> {
    const { id, startedAt, state, device, rows, lanes, laneSummaries, gaps, warnings, origin, contentHash, files } = recording
    const findings = [...new Set([...warnings, ...(origin?.findings ?? [])].map(({ code }) => code))]
    const rateHz = recording.declaredRateHz
    return {
      id, startedAt, state, rateHz, rows, laneSummaries, gaps, findings, contentHash,
      session: sessionOf(recording),
      day: origin?.dateUnknown ? null : startedAt.slice(0, 10),
      device: device.profile,
      lanes: lanes.map((lane) => ({ id: lane.id, label: lane.label, kind: lane.kind, unit: lane.unit, gainCountsPerUnit: lane.gainCountsPerUnit, baseline: lane.baseline, bits: lane.bits })),
      analysis: await readAnalysis(this.#files, folder, contentHash),
      leadingBlockRows: findings.includes('import-leading-block') && rows > 0 ? Math.min(rows, await leadingBlockRows(this.#files, folder, rateHz)) : 0,
      ...(await this.#labels(folder, recording, names)),
      signalHash: files.find(({ name }) => name === 'signals.dat')?.sha256 ?? '',
      sourceHashes: files.filter(({ name, bytes }) => name.startsWith('source/') && bytes > 0 && !noSignal.test(name)).map(({ sha256 }) => sha256),
    }
  }

  async #labels(folder: string, recording: Recording, names: readonly string[]): Promise<Pick<OwnPart, 'labels' | 'beatSymbols'>> {
    const labels: CandidateLabel[] = []
    const symbols = new Set<string>()
    for (const name of names) {
      const annotator = annotatorOf(name)
      if (annotator === null) continue
      const fold = new LayerFold(annotator, recording.lanes.map((lane) => lane.id))
      for (const event of (await readLabelLines(this.#files, join(folder, name))).events) if (event.type !== 'basis') fold.apply(event)
      for (const { kind, value, row, toRow } of fold.labels()) labels.push({ annotator, kind, value, row, toRow })
      const beats = fold.beats()
      for (const code of new Set(beats.codes)) symbols.add(beats.symbols[code])
    }
    return { labels, beatSymbols: [...symbols].sort() }
  }
}

const stampOf = (found: { bytes: number; modifiedMs: number } | null): string => (found ? `${found.bytes} ${found.modifiedMs}` : '')
