import { join } from 'node:path'
import { z } from 'zod'
import { LabError, ModelName } from '../contract/index.ts'
import { writeAtomically, type Files } from '../dataset/files.ts'
import { testedPeople, type TestedPeople } from '../dataset/run-people.ts'
import type { SystemReplicates } from '../learning/evaluation/evaluate.ts'
import { encodeArrays, readArrays } from '../dataset/array-file.ts'

const Value = z.number().nullable()
const People = z.object({ count: z.number().int(), mark: z.string() })
const Meta = z.object({
  models: z.array(
    z.object({
      name: ModelName, seed: z.number(), replicates: z.number(), byBeats: z.array(z.object({ beats: z.number(), eer: Value, rank1: Value })),
      people: People.optional(),
      /** What an earlier version wrote instead. */
      subjects: z.array(z.string()).optional(),
    }),
  ),
})

/** A model's values on the draws of people whom the file does not name. */
export interface StoredDraws extends Omit<SystemReplicates, 'subjects'> {
  readonly people: TestedPeople
}

/** As they are stored. */
export const storedDraws = ({ subjects, ...rest }: SystemReplicates): StoredDraws => ({ ...rest, people: testedPeople(subjects) })

const measures = ['eer', 'rank1'] as const
const nameOf = (model: string, beats: number, measure: string): string => `${model} ${beats} ${measure}`

/** runs/<id>/draws.bin: EER and rank-1 of every model on every draw of people, so that models of two runs can be compared on the same draws. It names none of them: who is erased leaves no code in it. @throws LabError of writing. */
export async function writeDraws(files: Files, folder: string, systems: ReadonlyMap<ModelName, SystemReplicates>): Promise<void> {
  const arrays: Record<string, Float32Array> = {}
  const models = [...systems].map(([name, system]) => {
    const { seed, replicates, people, byBeats } = storedDraws(system)
    for (const each of byBeats) for (const measure of measures) arrays[nameOf(name, each.beats, measure)] = Float32Array.from(each[measure].draws)
    return { name, seed, replicates, people, byBeats: byBeats.map(({ beats, eer, rank1 }) => ({ beats, eer: eer.value, rank1: rank1.value })) }
  })
  await writeAtomically(files, join(folder, 'draws.bin'), encodeArrays({ meta: { models }, arrays }))
}

/** `null` where a run has none: it was evaluated by an earlier version. @throws LabError `run-invalid`, and those of reading. */
export async function readDraws(files: Files, folder: string): Promise<Map<ModelName, StoredDraws> | null> {
  const path = join(folder, 'draws.bin')
  if ((await files.stat(path)) === null) return null
  const { meta, arrays } = await readArrays(files, path, 'run-invalid')
  const read = Meta.safeParse(meta)
  if (!read.success) throw new LabError('run-invalid', `${path} is damaged: ${read.error.issues[0].message}`, { path, reason: read.error.issues[0].message })
  return new Map(
    read.data.models.map(({ name, byBeats, people, subjects = [], ...rest }) => {
      const draws = (beats: number, measure: string): Float64Array => Float64Array.from(arrays[nameOf(name, beats, measure)] ?? [])
      return [name, { ...rest, people: people ?? testedPeople(subjects), byBeats: byBeats.map(({ beats, eer, rank1 }) => ({ beats, eer: { value: eer, draws: draws(beats, 'eer') }, rank1: { value: rank1, draws: draws(beats, 'rank1') } })) }]
    }),
  )
}
