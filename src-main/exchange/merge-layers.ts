import { join } from 'node:path'
import type { RecordingId } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import type { MergeConflict } from './merge-plan.ts'

/** A label layer of a recording that both have: the file is taken over as a whole. */
export interface PlannedLayer {
  readonly id: RecordingId
  readonly name: string
  readonly from: string
}

/** Layers that are not here, or that went on there. A layer that both wrote on since is a conflict. */
export async function planLayers(into: Dataset, from: Dataset, id: RecordingId, conflicts: MergeConflict[]): Promise<PlannedLayer[]> {
  const [theirs, ours] = [from.recordings.folder(id), into.recordings.folder(id)]
  const planned: PlannedLayer[] = []
  for (const { name } of await from.files.list(theirs)) {
    if (!/^labels\..+\.(jsonl|basis)$/.test(name)) continue
    const path = join(theirs, name)
    if ((await into.files.stat(join(ours, name))) === null) {
      planned.push({ id, name, from: path })
      continue
    }
    const [a, b] = [await from.files.readFile(path), await into.files.readFile(join(ours, name))]
    const common = Math.min(a.length, b.length)
    const same = Buffer.from(a.buffer, a.byteOffset, common).equals(Buffer.from(b.buffer, b.byteOffset, common))
    // An append-only file of which one is the beginning of the other: the longer one knows all.
    if (!same || (name.endsWith('.basis') && a.length !== b.length)) conflicts.push({ what: 'labels', name: `${id}/${name}`, reason: 'it was changed in both' })
    else if (a.length > b.length) planned.push({ id, name, from: path })
  }
  return planned
}
