import { join } from 'node:path'
import { LabError, RunEpoch, RunRecord, RunReport, type ModelName, type RunId, type RunModel } from '../contract/index.ts'
import { writeAtomically, type Files } from '../dataset/files.ts'
import { sha256 } from '../dataset/hashes.ts'
import { JsonLinesAppender, readJsonLines } from '../dataset/json-lines.ts'
import { acquireLock, lockHolder, type DatasetLock } from '../dataset/lock.ts'
import { decodeArrays, encodeArrays, readArrays, type ArrayFile } from '../dataset/array-file.ts'

const checkpointName = /^([0-9]{8})\.bin$/
/** The newest may be what a crash cut off, or what a full disk refused. */
const keptCheckpoints = 2

/**
 * The folder of one run:
 *
 *     run.json          RunRecord: what was asked, what ran, what came of it
 *     metrics.jsonl     RunEpoch lines, appended
 *     checkpoint/       NNNNNNNN.bin: the newest two, by number
 *     models/           <name>.bin: weights and running statistics with all that is needed to use them
 *     report.json, report.html, model-card-<name>.md
 *     draws.bin         EER and rank-1 on every draw of people (draws-file.ts); names nobody
 *     thresholds.json   what a plain cosine has to reach, by model (fixed-thresholds.ts)
 *     templates/        <model>/<CODE>.json: enrolled people (dataset/template-files.ts)
 */
export class RunFolder {
  readonly id: RunId
  readonly path: string
  readonly #files: Files

  constructor(files: Files, path: string, id: RunId) {
    this.#files = files
    this.path = path
    this.id = id
  }

  /** @throws LabError `run-not-found`, `run-invalid`, `run-format-newer`. */
  async record(): Promise<RunRecord> {
    const path = join(this.path, 'run.json')
    if ((await this.#files.stat(path)) === null) throw this.#notFound()
    const text = new TextDecoder().decode(await this.#files.readFile(path))
    const record = this.#parsed(path, text, RunRecord)
    if (record.id !== this.id) throw this.#invalid(path, `it says that it is ${record.id}`)
    if (record.state !== 'running') return record
    return (await this.isBeingTrained()) ? record : { ...record, state: 'interrupted' }
  }

  #parsed<T>(path: string, text: string, schema: { safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } } }): T {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (thrown) {
      throw this.#invalid(path, thrown instanceof Error ? thrown.message : String(thrown))
    }
    const version = typeof value === 'object' && value !== null && 'formatVersion' in value ? value.formatVersion : null
    if (typeof version === 'number' && version > 1) throw new LabError('run-format-newer', `${path} has the format version ${version}; this program reads 1.`, { path, version })
    const read = schema.safeParse(value)
    if (read.success) return read.data
    const { path: field, message } = read.error.issues[0]
    throw this.#invalid(path, `${field.length > 0 ? field.map(String).join('.') : 'the whole'}: ${message}`)
  }

  #notFound(): LabError {
    return new LabError('run-not-found', `There is no run ${this.id} in this dataset.`, { run: this.id })
  }

  #invalid(path: string, reason: string): LabError {
    return new LabError('run-invalid', `${path} is damaged: ${reason}.`, { path, reason })
  }

  /** @throws LabError of writing. */
  async writeRecord(record: RunRecord): Promise<void> {
    await writeAtomically(this.#files, join(this.path, 'run.json'), `${JSON.stringify(record, null, 2)}\n`)
  }

  async isBeingTrained(): Promise<boolean> {
    return (await lockHolder(this.#files, this.path)) !== null
  }

  /** For whoever trains or changes the run. @throws LabError `run-busy`, `run-not-found`. */
  async lock(): Promise<DatasetLock> {
    if ((await this.#files.stat(this.path)) === null) throw this.#notFound()
    try {
      return await acquireLock(this.#files, this.path)
    } catch (thrown) {
      if (thrown instanceof LabError && thrown.code === 'dataset-locked') throw new LabError('run-busy', `The run ${this.id} is being trained.`, { run: this.id, ...thrown.data })
      throw thrown
    }
  }

  /** All epochs told so far; of one that was told twice (the run went on from before it) the later. */
  async epochs(): Promise<RunEpoch[]> {
    const { entries } = await readJsonLines(this.#files, join(this.path, 'metrics.jsonl'), RunEpoch)
    return [...new Map(entries.map((entry) => [`${entry.phase} ${entry.epoch}`, entry])).values()]
  }

  /** For whoever holds the lock. */
  async metrics(): Promise<JsonLinesAppender<RunEpoch>> {
    const path = join(this.path, 'metrics.jsonl')
    return new JsonLinesAppender(this.#files, path, await readJsonLines(this.#files, path, RunEpoch))
  }

  /** Writes a checkpoint as a whole, with the run that it is of, then removes those before the newest two. @throws LabError of writing; the ones before stay. */
  async writeCheckpoint({ meta, arrays }: ArrayFile): Promise<void> {
    const folder = join(this.path, 'checkpoint')
    await this.#files.makeFolder(folder)
    const numbers = await this.#checkpoints()
    const number = (numbers.at(-1) ?? 0) + 1
    await writeAtomically(this.#files, join(folder, fileOf(number)), encodeArrays({ meta: { ...meta, run: this.id }, arrays }))
    for (const old of [...numbers, number].slice(0, -keptCheckpoints)) await this.#files.remove(join(folder, fileOf(old)))
  }

  /** The newest whole checkpoint, and why those after it were passed over. @throws LabError `run-format-newer`. */
  async checkpoint(): Promise<{ content: ArrayFile | null; damaged: readonly LabError[] }> {
    const damaged: LabError[] = []
    for (const number of (await this.#checkpoints()).reverse()) {
      try {
        const path = join(this.path, 'checkpoint', fileOf(number))
        const content = await readArrays(this.#files, path, 'checkpoint-damaged')
        // Where shapes are equal nothing else would show that the weights are another run's.
        if (content.meta.run !== this.id) throw new LabError('checkpoint-damaged', `${path}: it is whole, but not a checkpoint of this run.`, { path, reason: 'another run' })
        return { content, damaged }
      } catch (thrown) {
        if (!(thrown instanceof LabError) || thrown.code === 'run-format-newer') throw thrown
        damaged.push(thrown)
      }
    }
    return { content: null, damaged }
  }

  async #checkpoints(): Promise<number[]> {
    const folder = join(this.path, 'checkpoint')
    if ((await this.#files.stat(folder)) === null) return []
    return (await this.#files.list(folder)).flatMap(({ name }) => checkpointName.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b)
  }

  /** Those that cannot be read any more: they would stand in the place of one that can. For whoever holds the lock. */
  async removeDamagedCheckpoints(damaged: readonly LabError[]): Promise<void> {
    for (const { code, data } of damaged) if (code === 'checkpoint-damaged' && typeof data.path === 'string') await this.#files.remove(data.path)
  }

  async removeCheckpoints(): Promise<void> {
    await this.#files.remove(join(this.path, 'checkpoint'))
  }

  /** Returns the SHA-256 of the file. @throws LabError of writing. */
  async writeModel(name: ModelName, content: ArrayFile): Promise<string> {
    await this.#files.makeFolder(join(this.path, 'models'))
    const bytes = encodeArrays(content)
    await writeAtomically(this.#files, this.modelPath(name), bytes)
    return sha256(bytes)
  }

  modelPath(name: ModelName): string {
    return join(this.path, 'models', `${name}.bin`)
  }

  /** `models`: of the run's record, which says by its hash which file it means; a whole file of another model is as wrong as a damaged one. @throws LabError `model-not-found`, `run-invalid`. */
  async model(name: ModelName, models: readonly RunModel[]): Promise<ArrayFile> {
    const path = this.modelPath(name)
    const hash = models.find((model) => model.name === name)?.hash
    if (hash === undefined || (await this.#files.stat(path)) === null) throw new LabError('model-not-found', `The run ${this.id} has no model "${name}".`, { run: this.id, model: name })
    const bytes = await this.#files.readFile(path)
    const content = decodeArrays(bytes, path, 'run-invalid')
    if (sha256(bytes) !== hash) throw this.#invalid(path, 'it is a whole file, but not the one that run.json names by its hash')
    return content
  }

  /** @throws LabError `report-not-found`, `run-invalid`. */
  async report(): Promise<RunReport> {
    const path = join(this.path, 'report.json')
    if ((await this.#files.stat(path)) === null) throw new LabError('report-not-found', `The run ${this.id} has no report yet.`, { run: this.id })
    return this.#parsed(path, new TextDecoder().decode(await this.#files.readFile(path)), RunReport)
  }

  /** report.html. @throws LabError `report-not-found`. */
  async reportPage(): Promise<string> {
    const path = join(this.path, 'report.html')
    if ((await this.#files.stat(path)) === null) throw new LabError('report-not-found', `The run ${this.id} has no report yet.`, { run: this.id })
    return new TextDecoder().decode(await this.#files.readFile(path))
  }

  /** @throws LabError of writing. */
  async writeText(name: string, text: string): Promise<void> {
    await writeAtomically(this.#files, join(this.path, name), text)
  }
}

const fileOf = (number: number): string => `${String(number).padStart(8, '0')}.bin`
