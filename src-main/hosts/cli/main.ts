import { Command, CommanderError } from 'commander'
import { version } from '../../../package.json'
import { LabError } from '../../contract/index.ts'
import { ablationCommands } from './commands/ablation-commands.ts'
import { coverageCommand } from './commands/coverage-command.ts'
import { datasetCommands } from './commands/dataset-commands.ts'
import { deviceCommands } from './commands/device-commands.ts'
import { detectCommands } from './commands/detect-commands.ts'
import { exportCommands } from './commands/export-commands.ts'
import { importCommands } from './commands/import-commands.ts'
import { labelCommands } from './commands/label-commands.ts'
import { learningCommands } from './commands/learning-commands.ts'
import { serveCommand } from './commands/serve-command.ts'
import { splitCommands } from './commands/split-commands.ts'
import { versionCommands } from './commands/version-commands.ts'
import { exitCode } from './output.ts'

const program = new Command('pulseprint')
  .description('Record, curate and learn from biometric ECG and PPG. Everything stays on this computer.')
  .version(version)
  .showHelpAfterError('(pulseprint help COMMAND lists its options)')
  .exitOverride()
  .configureHelp({ sortSubcommands: false })

for (const add of [datasetCommands, deviceCommands, importCommands, detectCommands, labelCommands, versionCommands, splitCommands, coverageCommand, exportCommands, learningCommands, ablationCommands, serveCommand]) add(program)
for (const command of allCommands(program)) command.exitOverride()

// Whoever reads only the beginning (`| head`) has what they wanted; the command's work goes on all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EPIPE') throw thrown
  })
}

try {
  await program.parseAsync()
} catch (thrown) {
  if (!(thrown instanceof CommanderError)) throw thrown
  // Help and version are no errors; everything else that commander refuses is wrong usage, and it has told the person so.
  process.exitCode = thrown.exitCode === 0 ? exitCode.done : exitCode.usage
  const message = thrown.message.replace(/^error: /, '')
  if (thrown.exitCode !== 0 && process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: new LabError('usage-invalid', message, { reason: thrown.code }).toWire() })}\n`)
  }
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)])
}
