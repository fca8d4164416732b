import { describe, expect, it } from 'vitest'
import { SplitOptions, type DatasetSplit, type DatasetVersion } from '../../src-main/contract/index.ts'
import { recipeOf } from '../../src-main/learning/recipes/recipe-presets.ts'
import { recipeForSplit } from '../../src-main/runs/new-run.ts'

/** Fourteen people train: nine have both signals at once, two have them in recordings of their own, two have ECG alone, one PPG alone. Two more are tested. */
const people: readonly (readonly string[][])[] = [...Array.from({ length: 9 }, () => [['ecg', 'ppg']]), [['ecg'], ['ppg']], [['ecg'], ['ppg']], [['ecg']], [['ecg']], [['ppg']], [['ecg', 'ppg']], [['ecg', 'ppg']]]
const recordings = people.flatMap((all, i) => all.map((lanes, k) => ({ recording: `r${i}-${k}`, subject: `S${i}`, lanes: lanes.map((kind) => ({ kind })), role: i < 14 ? ('train' as const) : ('test' as const) })))
const split = { options: SplitOptions.parse({ strategy: 'subject-disjoint' }), assignments: recordings as unknown as DatasetSplit['assignments'] }
const version = { entries: recordings as unknown as DatasetVersion['entries'] }

describe('a preset’s recipe for a split', () => {
  it.each([['thkd', 13], ['fusion', 9], ['clip', 9], ['sembridge', 12]] as const)('%s: no more people a batch than have its signals', (name, most) => {
    const recipe = recipeForSplit(recipeOf(name, 'quick'), split, version)
    const batches = Object.values(recipe).flatMap((part: unknown) => (typeof part === 'object' && part !== null && 'fit' in part ? [(part.fit as { people: number }).people] : []))
    expect(batches.length).toBeGreaterThanOrEqual(2)
    expect(new Set(batches)).toEqual(new Set([most]))
  })

  it('counts everybody where nobody says who has what, and where too few have it to be a batch', () => {
    const batch = (entries: DatasetVersion['entries'] | null) => {
      const recipe = recipeForSplit(recipeOf('fusion', 'quick'), split, entries && { entries })
      return 'student' in recipe ? recipe.student.fit.people : null
    }
    expect(batch(null)).toBe(14)
    // Without a pair fusion is refused, and says so; the batch is not what is wrong.
    expect(batch(version.entries.map((entry) => (entry.lanes.length > 1 ? { ...entry, lanes: entry.lanes.slice(0, 1) } : entry)))).toBe(3)
  })
})
