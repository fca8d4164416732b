import { hostname } from 'node:os'
import { LabError, type ImportFinding, type ImportReport, type Recording, type RecordingId } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { makeStaging } from '../dataset/staging.ts'
import { contentKeys, originalsFolder, type ImportOutcome, type ImportTask } from './import-record.ts'
import { importChunk, type ChunkContext, type ImportChunk } from './import-chunk.ts'
import type { ImportPlan } from './import-plan.ts'
import { subjectFacts, type PersonFacts } from './person-facts.ts'
import type { PlannedRecord } from './planned-record.ts'
import { RecordingIds } from './recording-ids.ts'

export interface ImportOptions {
  /** Leading files of the accepted candidates; `null` takes all. */
  readonly files: readonly string[] | null
  /** Wall clock, ms. */
  readonly now: () => number
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number | null) => void
  /** Threads to share the work between. */
  readonly workers?: number
  /** Does one chunk; in this thread by default. */
  readonly runChunk?: (chunk: ImportChunk, context: ChunkContext) => Promise<void>
}

/** Recordings are taken in when so many wait ... */
const batchRecordings = 64
/** ... or the first of them has waited for so long. */
const batchMs = 400
/** What a record costs however short it is, in samples: files are made and synced. */
const perRecordSamples = 50_000
/** Of one file in the report; recording.json has them all. */
const toldFindings = 4

/**
 * Imports the records of a plan: workers make whole recording folders in a staging folder of the dataset; this thread, which holds the dataset's lock, registers the subjects
 * and takes the folders in, in the plan's order, so that the result does not depend on who was faster. One damaged file never stops the others. What was
 * taken in before a cancellation or a failure stays; a second run adds what is missing and nothing twice.
 * @throws LabError `import-nothing-found`, `dataset-full`, `dataset-not-writable`, `file-write-failed`, `cancelled`
 */
export async function runImport(dataset: Dataset, plan: ImportPlan, options: ImportOptions): Promise<ImportReport> {
  const chosen = options.files && new Set(options.files)
  const records = plan.records.filter(({ candidate }) => chosen?.has(candidate.file) ?? true)
  if (records.length === 0) {
    const refused = plan.refused.slice(0, 20)
    throw new LabError('import-nothing-found', `There is nothing to import in ${plan.root}.`, { path: plan.root, refused, ignored: plan.ignored })
  }
  const run = new ImportRun(dataset, plan, records, options)
  return run.run(chosen ? [] : plan.refused)
}

class ImportRun {
  readonly #dataset: Dataset
  readonly #plan: ImportPlan
  readonly #options: ImportOptions
  readonly #beganMs: number
  readonly #records: readonly PlannedRecord[]
  readonly #flagged: ImportFinding[] = []
  readonly #refused: ImportFinding[] = []
  readonly #duplicates: ImportReport['duplicates'] = []
  readonly #subjects = new Set<string>()
  /** Content that was taken in by this run -> its leading file. */
  readonly #taken = new Map<string, string>()
  /** What all headers of this import say of each subject, by the code's lower case. */
  readonly #people = new Map<string, PersonFacts[]>()
  /** Results by place in the plan; they are dealt with in order. */
  readonly #outcomes = new Map<number, ImportOutcome>()
  readonly #places: number[] = []
  #next = 0
  #recordings = 0
  #lastBatchMs: number
  #taking: Promise<void> = Promise.resolve()

  constructor(dataset: Dataset, plan: ImportPlan, records: readonly PlannedRecord[], options: ImportOptions) {
    this.#dataset = dataset
    this.#plan = plan
    this.#records = records
    this.#options = options
    this.#beganMs = options.now()
    this.#lastBatchMs = this.#beganMs
    for (const { candidate: { subject }, person } of records) if (subject !== null) this.#people.set(subject.toLowerCase(), [...(this.#people.get(subject.toLowerCase()) ?? []), person])
  }

  async run(refused: readonly ImportFinding[]): Promise<ImportReport> {
    this.#refused.push(...refused)
    const known = await knownContent(this.#dataset, this.#options.signal)
    const tasks = this.#tasks()
    this.#places.push(...tasks.map((task) => task.index))
    const staging = await makeStaging(this.#dataset.files, this.#dataset.path)
    try {
      await this.#work(tasks, staging, known)
      await this.#takeSoon(true)
    } finally {
      // What was not taken in is of no use to anyone.
      await this.#dataset.files.remove(staging)
    }
    if (this.#options.signal?.aborted) throw new LabError('cancelled', 'Importing was cancelled.', { recordings: this.#recordings })
    const seconds = (this.#options.now() - this.#beganMs) / 1000
    return { subjects: this.#subjects.size, recordings: this.#recordings, flagged: this.#flagged, refused: this.#refused, duplicates: this.#duplicates, seconds }
  }

  /** Every record that has a subject who may be recorded, with its id. */
  #tasks(): ImportTask[] {
    const ids = new RecordingIds(this.#beganMs)
    const importedAt = new Date(this.#beganMs).toISOString()
    return this.#records.flatMap((record, index) => {
      const { candidate, mapping, names } = record
      const refusal = this.#refusalOf(record)
      if (refusal || candidate.subject === null) {
        if (refusal) this.#refused.push(refusal)
        return []
      }
      const { rules } = this.#plan
      const head: ImportTask['head'] = {
        id: ids.next(candidate.startedAt),
        subject: this.#dataset.subjects.known(candidate.subject)?.code ?? candidate.subject,
        startedAt: candidate.startedAt ?? importedAt,
        timeZone: rules.timeZone,
        station: hostname(),
        operator: '',
        notes: '',
        state: 'imported',
        discarded: null,
        origin: {
          format: candidate.format,
          file: candidate.file,
          session: candidate.session,
          dateUnknown: candidate.startedAt === null,
          licence: rules.licence,
          importedAt,
          annotators: candidate.annotators,
          rules: mapping ? { ...rules, delimited: mapping } : rules,
        },
      }
      return [{ index, head, folder: originalsFolder(this.#plan.root, candidate.file), names }]
    })
  }

  #refusalOf({ candidate: { subject, file, findings } }: PlannedRecord): ImportFinding | null {
    if (subject === null) return findings.find(({ code }) => code === 'import-subject-unknown') ?? { file, code: 'import-subject-unknown', message: `The rules give no subject for ${file}.` }
    if (this.#dataset.subjects.isErased(subject)) {
      return { file, code: 'subject-erased' satisfies LabError['code'], message: `The subject of ${file} was erased from this dataset.` }
    }
    const consent = this.#dataset.subjects.known(subject)?.consent
    if (consent !== 'refused' && consent !== 'withdrawn') return null
    return { file, code: 'subject-consent-missing' satisfies LabError['code'], message: `${subject} has not consented: nothing of ${file} may be kept.` }
  }

  async #work(tasks: readonly ImportTask[], staging: string, known: ReadonlyMap<string, string>): Promise<void> {
    const { signal, runChunk = importChunk, workers = 1 } = this.#options
    const failed = new AbortController()
    const context: ChunkContext = {
      signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal,
      onOutcome: (outcome) => {
        this.#outcomes.set(outcome.index, outcome)
        this.#takeSoon(false).catch(() => failed.abort())
      },
    }
    const chunks = this.#shares(tasks, Math.max(1, Math.min(workers, tasks.length))).map((share) => ({ staging, known: [...known], tasks: share }))
    const results = await Promise.allSettled(
      chunks.map(async (chunk) => {
        try {
          await runChunk(chunk, context)
        } catch (thrown) {
          failed.abort()
          throw thrown
        }
      }),
    )
    // What ended first is the reason; the others were only told to stop.
    await this.#taking
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [LabError.from(result.reason)] : []))
    const reason = reasons.find(({ code }) => code !== 'cancelled') ?? reasons[0]
    if (!reason) return
    await this.#takeSoon(true)
    throw reason
  }

  /** In the plan's order, each to whoever has the least to do: one long recording is worth a thousand short ones. */
  #shares(tasks: readonly ImportTask[], count: number): ImportTask[][] {
    const shares = Array.from({ length: count }, () => ({ samples: 0, tasks: [] as ImportTask[] }))
    for (const task of tasks) {
      const { seconds, lanes } = this.#records[task.index].candidate
      const least = shares.reduce((best, share) => (share.samples < best.samples ? share : best))
      least.samples += perRecordSamples + seconds * lanes.reduce((sum, lane) => sum + lane.rateHz, 0)
      least.tasks.push(task)
    }
    return shares.map((share) => share.tasks)
  }

  /** Takes in what is ready, in order: at once when `all`, else when it is worth the while. */
  #takeSoon(all: boolean): Promise<void> {
    const work = this.#taking.then(async () => {
      if (!all && this.#readyRecordings() < batchRecordings && this.#options.now() - this.#lastBatchMs < batchMs) return
      await this.#take()
    })
    this.#taking = work.catch(() => undefined)
    return work
  }

  #readyRecordings(): number {
    let ready = 0
    while (this.#outcomes.has(this.#places[this.#next + ready])) ready++
    return ready
  }

  async #take(): Promise<void> {
    this.#lastBatchMs = this.#options.now()
    const staged: { recording: Recording; folder: string; file: string }[] = []
    for (; this.#next < this.#places.length; this.#next++) {
      const outcome = this.#outcomes.get(this.#places[this.#next])
      if (!outcome) break
      this.#outcomes.delete(outcome.index)
      const { file } = this.#records[outcome.index].candidate
      if (outcome.type === 'refused') this.#refused.push({ file, code: outcome.code, message: outcome.message })
      else if (outcome.type === 'duplicate') this.#duplicates.push({ file, sameAs: outcome.sameAs })
      else {
        const same = outcome.content.map((key) => this.#taken.get(key)).find((other) => other !== undefined)
        if (same === undefined) {
          for (const key of outcome.content) this.#taken.set(key, file)
          staged.push({ recording: outcome.recording, folder: outcome.folder, file })
        } else {
          this.#duplicates.push({ file, sameAs: same })
          await this.#dataset.files.remove(outcome.folder)
        }
      }
    }
    await this.#register(staged.map(({ recording }) => recording.subject))
    await this.#dataset.recordings.adopt(staged)
    for (const { recording, file } of staged) this.#report(recording, file)
    this.#options.onProgress?.(this.#next, this.#places.length)
  }

  async #register(codes: readonly Recording['subject'][]): Promise<void> {
    const { rules } = this.#plan
    const fresh = [...new Set(codes)].filter((code) => this.#dataset.subjects.known(code) === null)
    await this.#dataset.subjects.addAll(fresh.map((code) => ({ code, consent: rules.consent, tags: rules.preset ? [rules.preset] : [], ...subjectFacts(this.#people.get(code.toLowerCase()) ?? []) })))
  }

  /** One line per file, whatever is wrong with it. */
  #report(recording: Recording, file: string): void {
    this.#recordings++
    this.#subjects.add(recording.subject)
    const findings = recording.origin?.findings ?? []
    if (findings.length === 0) return
    const more = findings.length > toldFindings ? [`And ${findings.length - toldFindings} more.`] : []
    this.#flagged.push({ file, code: findings[0].code, message: [...findings.slice(0, toldFindings).map(({ message }) => message), ...more].join(' ') })
  }
}

/** Content of all recordings in the dataset -> the recording. Unreadable ones are passed over: `verify` reports them. */
async function knownContent(dataset: Dataset, signal: AbortSignal | undefined): Promise<Map<string, string>> {
  const known = new Map<string, string>()
  const ids = await dataset.recordings.ids()
  const read = async (id: RecordingId): Promise<void> => {
    if (signal?.aborted) throw new LabError('cancelled', 'Importing was cancelled.')
    try {
      for (const key of contentKeys(await dataset.recordings.get(id))) if (!known.has(key)) known.set(key, id)
    } catch (thrown) {
      const { code } = LabError.from(thrown)
      if (code !== 'recording-incomplete' && code !== 'dataset-invalid') throw thrown
    }
  }
  const together = 16
  for (let at = 0; at < ids.length; at += together) await Promise.all(ids.slice(at, at + together).map(read))
  return known
}
