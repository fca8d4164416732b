import { join } from 'node:path'
import { LabError, RecordingProtocol } from '../contract/index.ts'
import type { Files } from '../dataset/files.ts'

const shippedFiles = import.meta.glob<unknown>('../../resources/protocols/*.json', { eager: true, import: 'default' })

/**
 * A protocol file's content as a protocol.
 * @throws LabError `protocol-invalid` with the file, the place in it (`steps.1.seconds`) and what is expected there.
 * @example parseProtocol('/lab/protocols/rest.json', '{"id": ...}')
 */
export function parseProtocol(path: string, text: string): RecordingProtocol {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw new LabError('protocol-invalid', `The protocol file ${path} is not JSON: ${reason}.`, { path, at: '', reason }, { cause: thrown })
  }
  return checkProtocol(path, value)
}

function checkProtocol(path: string, value: unknown): RecordingProtocol {
  const parsed = RecordingProtocol.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const at = issue?.path.join('.') ?? ''
    const reason = issue?.message ?? 'unknown reason'
    throw new LabError('protocol-invalid', `The protocol file ${path} is wrong at "${at}": ${reason}.`, { path, at, reason }, { cause: parsed.error })
  }
  const ids = parsed.data.steps.map((step) => step.id)
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index)
  if (repeated !== undefined) {
    const at = `steps.${ids.lastIndexOf(repeated)}.id`
    const reason = `two steps have the id "${repeated}"`
    throw new LabError('protocol-invalid', `The protocol file ${path} is wrong at "${at}": ${reason}.`, { path, at, reason })
  }
  return parsed.data
}

/** The protocols that come with Pulseprint, sorted by id. */
export function shippedProtocols(): RecordingProtocol[] {
  return Object.entries(shippedFiles)
    .map(([path, value]) => checkProtocol(path, value))
    .sort((a, b) => a.id.localeCompare(b.id, 'en'))
}

export interface ProtocolLibrary {
  /** Sorted by id. */
  readonly protocols: RecordingProtocol[]
  /** The lab's own files that are no protocols (`protocol-invalid`, `file-read-failed`), by file name without its ending. */
  readonly problems: { readonly name: string; readonly error: LabError }[]
}

/**
 * Shipped protocols, and the lab's own in `<dataset>/protocols/*.json`, which replace shipped ones of the same id. A wrong file is a
 * problem to tell, not one that keeps a technician from recording by another protocol.
 */
export async function loadProtocols(dataset: { readonly path: string; readonly files: Files } | null): Promise<ProtocolLibrary> {
  const found = new Map(shippedProtocols().map((protocol) => [protocol.id, protocol]))
  const problems: { name: string; error: LabError }[] = []
  if (dataset) {
    const folder = join(dataset.path, 'protocols')
    const entries = (await dataset.files.stat(folder)) ? await dataset.files.list(folder) : []
    for (const entry of entries) {
      if (entry.folder || !entry.name.endsWith('.json')) continue
      const path = join(folder, entry.name)
      try {
        const protocol = parseProtocol(path, new TextDecoder().decode(await dataset.files.readFile(path)))
        found.set(protocol.id, protocol)
      } catch (thrown) {
        problems.push({ name: entry.name.slice(0, -'.json'.length), error: LabError.from(thrown) })
      }
    }
  }
  return { protocols: [...found.values()].sort((a, b) => a.id.localeCompare(b.id, 'en')), problems }
}

/** @throws LabError `protocol-not-found` with the known ids; `protocol-invalid` when the file of that name is none. */
export async function findProtocol(dataset: { readonly path: string; readonly files: Files } | null, id: string): Promise<RecordingProtocol> {
  const { protocols, problems } = await loadProtocols(dataset)
  const problem = problems.find(({ name }) => name === id)
  if (problem) throw problem.error
  const protocol = protocols.find((candidate) => candidate.id === id)
  if (!protocol) {
    throw new LabError('protocol-not-found', `There is no recording protocol "${id}".`, { id, known: protocols.map((candidate) => candidate.id) })
  }
  return protocol
}
