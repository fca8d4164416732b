import { basename, join } from 'node:path'
import { LabError, type RecordingId } from '../contract/index.ts'
import type { Dataset } from './dataset.ts'
import { writeAtomically } from './files.ts'
import { lockHolder } from './lock.ts'
import { erasePeopleOfRun, withoutCodes } from './run-people.ts'
import { removeTemplates } from './template-files.ts'
import { windowCacheFolder } from './window-cache-folder.ts'

/** Of run.json, what an erasure has to know: the rest is the run's own. */
interface RunFacts {
  readonly path: string
  readonly id: string
  /** `null`: it cannot be read. */
  readonly content: Record<string, unknown> | null
}

/**
 * Nobody is erased from under a run that learns from them: it would write down its own state, and its weights, afterwards.
 * @throws LabError `run-busy` with the run.
 */
export async function requireUntrained(dataset: Dataset, recordings: ReadonlySet<RecordingId>): Promise<void> {
  const splits = await splitsWith(dataset, recordings)
  for (const run of await runsOf(dataset)) {
    if (!isOf(run, splits) || (await lockHolder(dataset.files, run.path)) === null) continue
    throw new LabError('run-busy', `The run ${run.id} learns from recordings of this person at the moment; stop or pause it first.`, { run: run.id })
  }
}

/**
 * What runs keep of erased people: their templates, their lines in reports and all cut windows go; a run whose split held their recordings says from then on that it contains somebody who withdrew. Call it
 * while the splits still name the recordings; done twice it is done once. `codes` in lower case. @throws LabError of reading and writing.
 */
export async function eraseRunTraces(dataset: Dataset, codes: ReadonlySet<string>, recordings: ReadonlySet<RecordingId>): Promise<void> {
  await eraseTemplates(dataset, codes)
  const splits = await splitsWith(dataset, recordings)
  for (const path of await folders(dataset)) {
    await erasePeopleOfRun(dataset.files, path, { codes, recordings })
    // Read in this moment: a run that learns from others goes on writing meanwhile.
    const run = await factsOf(dataset, path)
    if (run.content === null) continue
    const told = { ...withoutMessagesOf(run.content, codes), ...(isOf(run, splits) ? { containsWithdrawn: true } : {}) }
    if (JSON.stringify(told) !== JSON.stringify(run.content)) await writeAtomically(dataset.files, join(path, 'run.json'), `${JSON.stringify(told, null, 2)}\n`)
  }
  // All of them: they are made again from what is left, and which hold whom is not worth knowing.
  await dataset.files.remove(windowCacheFolder(dataset.path))
}

/** What ended a run, or should be known of it, may name whom it happened with. */
function withoutMessagesOf(content: Record<string, unknown>, codes: ReadonlySet<string>): Record<string, unknown> {
  const without = (told: unknown): unknown => (typeof told === 'object' && told !== null && 'message' in told ? { ...told, message: withoutCodes(told.message, codes) } : told)
  const { error, notes } = content
  return { ...content, ...(error ? { error: without(error) } : {}), ...(Array.isArray(notes) ? { notes: notes.map(without) } : {}) }
}

/** Of every run and model. `codes` in lower case. @throws LabError of writing. */
export async function eraseTemplates(dataset: Dataset, codes: ReadonlySet<string>): Promise<void> {
  for (const run of await folders(dataset)) await removeTemplates(dataset.files, run, codes)
}

async function splitsWith(dataset: Dataset, recordings: ReadonlySet<RecordingId>): Promise<ReadonlySet<string>> {
  if (recordings.size === 0) return new Set()
  const found = new Set<string>()
  for (const { name } of await dataset.splits.list()) {
    try {
      if ((await dataset.splits.get(name)).assignments.some(({ recording }) => recordings.has(recording))) found.add(name)
    } catch (thrown) {
      // What a damaged split holds nobody knows: better marked once too often.
      if (LabError.from(thrown).code !== 'split-invalid') throw thrown
      found.add(name)
    }
  }
  return found
}

function isOf({ content }: RunFacts, splits: ReadonlySet<string>): boolean {
  const split = content?.split
  return typeof split === 'object' && split !== null && 'name' in split && typeof split.name === 'string' && splits.has(split.name)
}

async function folders({ files, path }: Dataset): Promise<string[]> {
  const root = join(path, 'runs')
  if ((await files.stat(root)) === null) return []
  return (await files.list(root)).flatMap(({ name, folder }) => (folder && !name.startsWith('.') ? [join(root, name)] : []))
}

async function runsOf(dataset: Dataset): Promise<RunFacts[]> {
  return Promise.all((await folders(dataset)).map((path) => factsOf(dataset, path)))
}

const factsOf = async ({ files }: Dataset, path: string): Promise<RunFacts> => ({ path, id: basename(path), content: await contentOf(files, join(path, 'run.json')) })

async function contentOf(files: Dataset['files'], path: string): Promise<Record<string, unknown> | null> {
  if ((await files.stat(path)) === null) return null
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(await files.readFile(path)))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch (thrown) {
    if (thrown instanceof LabError) throw thrown
    // Cut off by a crash: the run cannot be used, and says nothing that could become wrong.
    return null
  }
}
