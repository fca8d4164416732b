import { resolve } from 'node:path'
import type { Command } from 'commander'
import { detectBeatsOf } from '../../../services/detect-beats.ts'
import { exitCode, runCommand } from '../output.ts'

/** detect-beats. */
export function detectCommands(program: Command): void {
  program
    .command('detect-beats')
    .description('run the offline beat detector on a WFDB record and score it against reference beats (ANSI/AAMI EC57, 150 ms)')
    .requiredOption('--record <path>', 'record, for example mitdb/100')
    .requiredOption('--reference <annotator>', 'annotator with the true beats, for example atr')
    .option('--lane <label>', 'signal to look at; the first ECG when left out')
    .option('--json', 'print one JSON object')
    .action((options: { record: string; reference: string; lane?: string; json?: boolean }) =>
      runCommand(options, async (output, signal) => {
        const score = await detectBeatsOf({
          record: resolve(options.record),
          reference: options.reference,
          lane: options.lane ?? null,
          clock: () => performance.now(),
          signal,
        })
        const percent = (part: number | null): string => (part === null ? 'not defined' : `${(100 * part).toFixed(2)} %`)
        output.result(score, () => [
          `${score.beats} beats: ${score.truePositives} found, ${score.falseNegatives} missed, ${score.falsePositives} too many`,
          `Sensitivity ${percent(score.sensitivity)}, positive predictivity ${percent(score.positivePredictivity)}, ${score.timesRealTime} times real time`,
        ])
        return exitCode.done
      }),
    )
}
