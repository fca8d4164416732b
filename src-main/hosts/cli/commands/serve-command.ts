import { once } from 'node:events'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { forkTrainer } from '../../../services/trainer-process.ts'
import { createLab } from '../../../services/lab.ts'
import { serveLab } from '../../serve/serve.ts'
import { portNumber } from '../arguments.ts'
import { exitCode, runCommand } from '../output.ts'

/** Where the served app keeps its list of recent datasets. */
const configFolder = (): string => process.env.PULSEPRINT_CONFIG ?? join(homedir(), '.config', 'pulseprint')

export function serveCommand(program: Command): void {
  program
    .command('serve')
    .description('serve the app on this computer only and print its address')
    .option('--dataset <folder>', 'dataset to open')
    .option('--port <number>', 'port on 127.0.0.1; 0 picks a free one', portNumber, 4173)
    .option('--json', 'print one JSON object')
    .action((options: { dataset?: string; port: number; json?: boolean }) =>
      runCommand(options, async (output, signal) => {
        const lab = createLab({ host: 'serve', configFolder: configFolder(), workerUrl: new URL('./jobs.js', import.meta.url), startTrainer: () => forkTrainer(new URL('./trainer.js', import.meta.url)), pickFolder: null })
        try {
          if (options.dataset !== undefined) await lab.openDataset(resolve(options.dataset))
          const served = await serveLab(lab.server, {
            port: options.port,
            rendererFolder: fileURLToPath(new URL('../renderer', import.meta.url)),
          })
          output.result({ url: served.url }, () => [`Pulseprint is at ${served.url}`])
          output.note('Only this computer can reach it. Ctrl-C ends it.')
          if (!signal.aborted) await once(signal, 'abort')
          await served.close()
        } finally {
          await lab.close()
        }
        return exitCode.done
      }),
    )
}
