import { crc32 } from 'node:zlib'
import { LaneSummary, RecordingListItem } from '../contract/index.ts'
import type { Files } from './files.ts'
import type { ScannedRecording } from './recording-scan.ts'

/*
 * .catalogue.jsonl: what recording.json of every recording said when it was last read, so that ten thousand of them need not be read to list them. Derived: never the
 * truth, made anew when it is missing, damaged or of another shape. A line is the CRC-32 of its JSON in 8 hex digits, a space, and the JSON:
 *
 *   first       {"catalogue": 1, "dataset": id of the dataset, "shape": names of the fields of an item}
 *   the others  {"id", "folder" (below recordings/), "modifiedMs", "bytes", "item"}; the last one of an id counts. An item's lanes and lane summaries are arrays of
 *               values without their names, which would be most of the file
 *
 * Lines are appended while the dataset is open, each batch after a line end of its own, so that a torn line spoils no other; closing rewrites the file when
 * much of it is out of date.
 */
const catalogueVersion = 1
const shape = [RecordingListItem, LaneSummary, RecordingListItem.shape.lanes.element].map((schema) => Object.keys(schema.shape).sort().join(' ')).join('; ')
/** Rewritten when out-of-date lines are more than this part of all. */
const staleFraction = 0.3

/** Entries made into text in one turn of the event loop: a few ms. */
const atOnce = 200

export interface CatalogueEntry {
  readonly id: string
  readonly folder: string
  readonly modifiedMs: number
  readonly bytes: number
  readonly item: RecordingListItem
}

type Lane = RecordingListItem['lanes'][number]
type PackedItem = Omit<RecordingListItem, 'lanes'> & {
  readonly lanes: readonly (readonly [Lane['id'], Lane['label'], Lane['kind'], Lane['unit']])[]
}

function packed(item: RecordingListItem): PackedItem {
  return { ...item, lanes: item.lanes.map(({ id, label, kind, unit }) => [id, label, kind, unit]) }
}

/** `known`: lanes that were met before, by their values; a lab has few boards, and their recordings share them. */
function unpacked(item: PackedItem, known: Map<string, Lane[]>): RecordingListItem {
  const key = item.lanes.join('\n')
  const lanes = known.get(key) ?? item.lanes.map(([id, label, kind, unit]) => ({ id, label, kind, unit }))
  known.set(key, lanes)
  return { ...item, lanes }
}

type PackedEntry = Omit<CatalogueEntry, 'item'> & { readonly item: PackedItem }

const fields = Object.keys(RecordingListItem.shape)

/**
 * A line whose checksum holds was written by this program, with the fields of the first line: looking at every value would cost as much as reading the recordings. A line that somebody
 * made up, checksum and all, must not end the program.
 */
function entryOf(json: string): PackedEntry | null {
  try {
    const entry = JSON.parse(json) as PackedEntry
    const { id, item } = entry
    return item.id === id && fields.every((field) => field in item) && item.lanes.every((lane) => Array.isArray(lane)) ? entry : null
  } catch {
    return null
  }
}

const lineOf = (value: unknown): string => {
  const json = JSON.stringify(value)
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
}

/** The catalogue file of one dataset. */
export class Catalogue {
  readonly #files: Files
  readonly #path: string
  readonly #dataset: string
  #lines = 0
  /** The file is there and its first line fits. */
  #sound = false

  constructor(files: Files, path: string, dataset: string) {
    this.#files = files
    this.#path = path
    this.#dataset = dataset
  }

  /** Entries by id; empty when there is no catalogue that can be read and believed. Damaged lines are left out. */
  async load(): Promise<Map<string, CatalogueEntry>> {
    const entries = new Map<string, CatalogueEntry>()
    const known = new Map<string, Lane[]>()
    this.#lines = 0
    this.#sound = false
    const lines = (await this.#text()).split('\n')
    if (lines[0] !== lineOf(this.#head()).trimEnd()) return entries
    this.#sound = true
    for (let i = 1; i < lines.length; i++) {
      const line = lines[i]
      if (line === '') continue
      this.#lines++
      const json = line.slice(9)
      if (crc32(json).toString(16).padStart(8, '0') !== line.slice(0, 8)) continue
      const entry = entryOf(json)
      if (entry) entries.set(entry.id, { ...entry, item: unpacked(entry.item, known) })
    }
    return entries
  }

  /** Empty where nothing can be read: whatever keeps the file from being read, the recordings say the same. */
  async #text(): Promise<string> {
    try {
      return (await this.#files.stat(this.#path)) === null ? '' : new TextDecoder().decode(await this.#files.readFile(this.#path))
    } catch {
      return ''
    }
  }

  #head(): unknown {
    return { catalogue: catalogueVersion, dataset: this.#dataset, shape }
  }

  /** Adds what changed; without a sound file nothing, until it is rewritten. @throws LabError of writing. */
  async append(changed: readonly ScannedRecording[], root: string): Promise<void> {
    const entries = entriesOf(changed, root)
    if (!this.#sound || entries.length === 0) return
    const file = await this.#files.open(this.#path, 'append')
    try {
      await file.write(new TextEncoder().encode(`\n${entries.map(lineOf).join('')}`))
    } finally {
      await file.close()
    }
    this.#lines += entries.length
  }

  /** The file holds too much that is out of date, or is none. */
  needsRewriting(entries: number): boolean {
    return !this.#sound || this.#lines > entries / (1 - staleFraction) + 32
  }

  /** Replaces the file. Not synced: after a power loss it is damaged at most, and then made anew. @throws LabError of writing. */
  async rewrite(all: readonly ScannedRecording[], root: string): Promise<void> {
    const entries = entriesOf(all, root)
    const temporary = `${this.#path}.part`
    await this.#files.remove(temporary)
    const file = await this.#files.open(temporary, 'create')
    try {
      await file.write(new TextEncoder().encode(lineOf(this.#head())))
      for (let at = 0; at < entries.length; at += atOnce) {
        await file.write(new TextEncoder().encode(entries.slice(at, at + atOnce).map(lineOf).join('')))
      }
    } finally {
      await file.close()
    }
    await this.#files.rename(temporary, this.#path)
    this.#lines = entries.length
    this.#sound = true
  }
}

function entriesOf(scanned: readonly ScannedRecording[], root: string): unknown[] {
  return scanned.flatMap(({ id, folder, modifiedMs, bytes, item }) => (item ? [{ id, folder: folder.slice(root.length + 1), modifiedMs, bytes, item: packed(item) }] : []))
}
