import { availableParallelism } from 'node:os'
import { loadEngine } from '../src-main/learning/engine/load-engine.ts'
import { compareSystems } from '../src-main/learning/evaluation/compare.ts'
import { plantedSet, situations, type Situation } from '../test/learning/recipes/planted-set.ts'
import { crossModal, eerOf, judged, nothingYet, plantedPair, plantedRecipe, verdicts, type CrossModal } from '../test/runs/cross-modal/planted-runs.ts'

/**
 * Every cross-modal recipe where it must help, where it cannot, and where it must hurt (test/learning/recipes/planted-set.ts says why): EER of student and scratch over several seeds, each with people, networks and
 * batches of its own, paired over the seeds and corrected over the situations.
 * `npm run bench -- planted [seeds] [recipes] [times]`: `times` how much more than usual a harmful teacher counts.
 */
export async function run([seeds = '8', recipes = crossModal.join(','), times = '100']: readonly string[]): Promise<void> {
  const engine = await loadEngine('onnx', { threads: 1, provider: 'cpu' })
  const numbers = Array.from({ length: Number(seeds) }, (_, i) => i + 1)
  console.log('what there is in the PPG (EER, mean over the seeds): ' + (['person', 'both', 'stranger'] as const).map((of) => `${of} ${percent(mean(numbers.map((seed) => oracle(seed, of))))}`).join(', '))
  const results = []
  for (const name of recipes.split(',') as CrossModal[]) {
    const found = new Map<Situation, { student: number[]; scratch: number[]; better: number; worse: number }>(situations.map((situation) => [situation, { student: [], scratch: [], better: 0, worse: 0 }]))
    for (const seed of numbers) {
      const known = nothingYet()
      for (const situation of situations) {
        const pair = await plantedPair(plantedSet({ situation, seed }), plantedRecipe(name, { times: situation === 'harms' ? Number(times) : 1 }), { seed, engine, known })
        const into = found.get(situation)
        const [{ verdict }] = compareSystems(new Map(Object.entries(pair).map(([system, { replicates }]) => [system, replicates])), [['student', 'scratch']])
        into?.student.push(eerOf(pair.student))
        into?.scratch.push(eerOf(pair.scratch))
        if (into && verdict === 'better') into.better++
        if (into && verdict === 'worse') into.worse++
        console.log(`${name} ${situation.padEnd(10)} seed ${seed}: student ${percent(eerOf(pair.student))}, scratch ${percent(eerOf(pair.scratch))}; over its subjects ${verdict}`)
      }
    }
    for (const { situation, meanDifference, interval, p, adjustedP, dz, verdict } of verdicts([...found].map(([situation, { student, scratch }]) => ({ situation, student, scratch })))) {
      const { better = 0, worse = 0 } = found.get(situation) ?? {}
      console.log(
        `${name} ${situation.padEnd(10)} ${numbers.length} seeds: ${percent(meanDifference)} points [${interval ? `${percent(interval.low)}, ${percent(interval.high)}` : '-'}], p = ${p?.toPrecision(2) ?? '-'}, Holm ${adjustedP.toPrecision(2)}, ` +
          `d_z ${dz?.toFixed(1) ?? '-'}: ${verdict}; over subjects better in ${better}, worse in ${worse}`,
      )
      results.push({ recipe: name, situation, meanDifference, p, adjustedP, dz, verdict, better, worse })
    }
  }
  engine.dispose()
  console.log(JSON.stringify({ bench: 'planted', processors: availableParallelism(), seeds: numbers.length, results }))
}

const percent = (part: number): string => (100 * part).toFixed(1)
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

function oracle(seed: number, of: 'person' | 'both' | 'stranger'): number {
  const set = plantedSet({ situation: 'helps', seed })
  const { dimension, vectors } = set.oracle(of)
  return eerOf(judged(set, dimension, vectors, seed, 100))
}
