import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { LabError, type ModalityCoverage } from '../../../contract/index.ts'
import { coverageAt } from '../../../services/curation-tasks.ts'
import { describeCoverage } from '../coverage-words.ts'
import { exitCode, runCommand } from '../output.ts'

interface CoverageOptions {
  dataset: string
  split?: string
  version?: string
  student: ModalityCoverage['student']
  json?: boolean
}

/** coverage: who has which modality, and what that allows. */
export function coverageCommand(program: Command): void {
  program
    .command('coverage')
    .description('who has ECG, PPG or both at once in a version or split, and which recipes for two modalities that allows')
    .requiredOption('--dataset <folder>', 'the dataset')
    .option('--split <name>', 'of a split')
    .option('--version <name>', 'of a version, as if everybody trained')
    .addOption(new Option('--student <modality>', 'which of both is learnt; the other one teaches').choices(['ecg', 'ppg']).default('ppg'))
    .option('--json', 'print one JSON object')
    .action((options: CoverageOptions) =>
      runCommand(options, async (output) => {
        const { split, version, student } = options
        if ((split === undefined) === (version === undefined)) throw new LabError('usage-invalid', 'Say either which split or which version to look at.', { option: 'split' })
        const coverage = await coverageAt(resolve(options.dataset), split === undefined ? { version: version ?? '', student } : { split, student })
        output.result(coverage, () => describeCoverage(coverage))
        return exitCode.done
      }),
    )
}
