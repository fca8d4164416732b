import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { LdaRecipe, WindowOptions } from '../src-main/contract/index.ts'
import { buildWindowSet, type BuiltWindowSet } from '../src-main/runs/window-sets.ts'
import { divide, ecgIdDataset, identify, protocols, type Identified } from '../test/learning/identify.ts'
import { publicData } from '../test/signal/physionet.ts'

const percent = (part: number): string => (100 * part).toFixed(1).padStart(6)

/** The table of recognition.md B3 for ECG-ID, and what cutting and fitting cost. `npm run bench -- identify [channel]`: 0 raw (usual), 1 filtered by its authors. */
export async function run([channel = '0']: readonly string[]): Promise<void> {
  const from = publicData('ecgiddb')
  if (from === null) return
  const folder = mkdtempSync(join(tmpdir(), 'pulseprint-bench-'))
  try {
    const dataset = await ecgIdDataset(join(folder, 'ecg-id'), from)
    const { components, shrinkage } = LdaRecipe.parse({ recipe: 'lda' })
    const options = WindowOptions.parse({ channel: Number(channel) })
    const table: unknown[] = []
    console.log('protocol                                     people  mean beat EER k=1, 5   LDA rank-1, EER k=1   k=5            cut   load    fit, s of processor time')
    for (const protocol of protocols) {
      const split = await divide(dataset, protocol)
      const cut = await timed(() => buildWindowSet(dataset, split, options))
      const loaded = await timed(() => buildWindowSet(dataset, split, options))
      const mean = identify(cut.result.set, split, null, [1, 5])
      const lda = await timed(() => Promise.resolve(identify(cut.result.set, split, { components, shrinkage }, [1, 5])))
      console.log(line(protocol.name, mean, lda.result, [cut.seconds, loaded.seconds, lda.seconds]))
      table.push({ protocol: protocol.name, windows: dropped(cut.result), mean, lda: lda.result, cutSeconds: cut.seconds, loadSeconds: loaded.seconds, fitSeconds: lda.seconds })
    }
    await dataset.close()
    console.log(JSON.stringify({ bench: 'identify', processors: availableParallelism(), channel: Number(channel), components, shrinkage, table }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function line(name: string, mean: readonly Identified[], [one, five]: readonly Identified[], seconds: readonly number[]): string {
  const rates = [mean[0].eer, mean[1].eer, one.rank1, one.eer, five.rank1, five.eer].map(percent)
  return `${name.padEnd(44)} ${String(one.people).padStart(5)}  ${rates.join('  ')}   ${seconds.map((value) => value.toFixed(2).padStart(6)).join(' ')}`
}

const dropped = ({ report: { total, failedToAcquire } }: BuiltWindowSet): unknown => ({ ...total, failedToAcquire })

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; seconds: number }> {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return { result, seconds: (user + system) / 1e6 }
}
