import { join } from 'node:path'
import { Recipe } from '../../../src-main/contract/index.ts'
import { Dataset } from '../../../src-main/dataset/dataset.ts'
import { recordingId } from '../../dataset/a-recording.ts'
import { addRecording, divide, freeze, spikeRows } from '../../exchange/a-lab.ts'

const rate = 200
const seconds = 30

export interface PairedLabOptions {
  readonly people?: number
  /** Default: 2. */
  readonly visits?: number
  /** Lanes of a person's recordings; default: both. */
  readonly has?: (person: number, visit: number) => readonly ('ecg' | 'ppg')[]
}

/** People with some visits each: an R peak a second, the pulse 0.28 s behind it, shapes and a slow wave of their own in both. Frozen as v1, divided as s1 (the last recording tests). */
export async function pairedLab(folder: string, { people = 4, visits = 2, has = () => ['ecg', 'ppg'] }: PairedLabOptions = {}): Promise<Dataset> {
  const dataset = await Dataset.create(join(folder, 'paired'), { name: 'Paired' })
  for (let id = 1; id <= visits * people; id++) {
    const person = Math.ceil(id / visits)
    const visit = id - visits * (person - 1)
    const lanes = has(person, visit)
    const kinds = { ecg: { id: 'ecg', label: 'ECG', kind: 'ecg' as const }, ppg: { id: 'ppg', label: 'PPG', kind: 'ppg' as const, unit: 'count' as const } }
    await addRecording(dataset, {
      id: recordingId(id), subject: `S00${person}`, startedAt: `2026-03-${String(id).padStart(2, '0')}T10:00:00.000Z`, rateHz: rate,
      counts: lanes.map((kind) => (kind === 'ecg' ? ecg(person, id) : ppg(person, id))), lanes: lanes.map((kind) => kinds[kind]), beats: lanes.includes('ecg') ? spikeRows(seconds * rate, rate) : [],
    })
  }
  await freeze(dataset)
  await divide(dataset, { strategy: 'leave-last-recording-out', validation: 0 })
  return dataset
}

const rows = Array.from({ length: seconds * rate }, (_, row) => row)
const phase = (row: number): number => (row % rate) / rate
const ecg = (person: number, id: number): number[] => rows.map((row) => Math.round(600 * Math.exp(-(((phase(row) - 0.5) * 40) ** 2)) + 90 * Math.sin(2 * Math.PI * (1 + person) * phase(row)) + 15 * Math.sin(row * 0.37 * id)))
const ppg = (person: number, id: number): number[] => rows.map((row) => Math.round(500 * Math.exp(-(((phase(row) - 0.78) * (6 + person)) ** 2)) + 120 * Math.sin(2 * Math.PI * person * phase(row) + person) + 15 * Math.sin(row * 0.29 * id)))

const fit = { epochs: 2, minimumSteps: 50, people: 4, windowsPerPerson: 4, rate: 2e-3, weightDecay: 0.01, schedule: { kind: 'cosine', warmUp: 0.1, floor: 0.1 }, augmentation: {} }
const encoder = { network: { preset: 'resnet18-w16', embedding: 16 }, fit, margin: {}, triplet: {} }
const student = { network: { preset: 'deit-micro', embedding: 16 }, fit, margin: {} }
const windows = { mode: 'window', seconds: 2, strideSeconds: 1 }

/** The smallest networks there are, for two epochs. `change`: of the recipe. */
export function pairedRecipe(recipe: 'fusion' | 'clip' | 'sembridge', change: object = {}): Recipe {
  const common = {
    recipe, holdOut: 0.25, evaluation: { replicates: 100, beatsPerProbe: [1] }, windows: { ...windows, lane: 'ppg', rateHz: 50 }, teacherWindows: { ...windows, lane: 'ecg', rateHz: 100 }, teacher: encoder, student,
  }
  const own = {
    fusion: { encoder, fusion: { embedding: 16, fit } },
    clip: { alignment: { network: student.network, projection: 16, fit } },
    sembridge: { matcher: { network: student.network, projection: 16, fit } },
  }
  return Recipe.parse({ ...common, ...own[recipe], ...change })
}
