import { resolve } from 'node:path'
import type { Command } from 'commander'
import { LabError } from '../../../contract/index.ts'
import { detectPort, listPorts, listProfiles } from '../../../services/devices-service.ts'
import { recordOnce } from '../../../services/record-once.ts'
import { runSimulate } from '../../../services/simulate.ts'
import { deviceSetting, positiveNumber, wholeNumber, type SettingValues } from '../arguments.ts'
import { exitCode, runCommand } from '../output.ts'

interface JsonOption {
  json?: boolean
}

/** ports, devices, detect, simulate, record. */
export function deviceCommands(program: Command): void {
  program
    .command('ports')
    .description('list the serial ports of this computer')
    .option('--json', 'print one JSON object')
    .action((options: JsonOption) =>
      runCommand(options, async (output) => {
        const ports = await listPorts()
        output.result({ ports }, () =>
          ports.length === 0
            ? ['No serial ports found. A path can be given all the same.']
            : ports.map((port) => `${port.path.padEnd(20)} ${port.manufacturer ?? ''} ${port.profiles.length > 0 ? `looks like ${port.profiles.join(', ')}` : ''}`),
        )
        return exitCode.done
      }),
    )

  program
    .command('devices')
    .description('list the boards that Pulseprint knows')
    .option('--json', 'print one JSON object')
    .action((options: JsonOption) =>
      runCommand(options, (output) => {
        const devices = listProfiles()
        output.result({ devices }, () =>
          devices.map((device) => `${device.id.padEnd(24)} ${device.name}, ${device.lanes.length} lanes at ${device.rateHz} Hz${device.synthetic ? ' (synthetic)' : ''}`),
        )
        return Promise.resolve(exitCode.done)
      }),
    )

  program
    .command('detect')
    .description('listen to a port, send nothing, and say which boards it sounds like')
    .requiredOption('--port <path>', 'serial port')
    .option('--seconds <number>', 'listening time per baud rate', positiveNumber, 2)
    .option('--json', 'print one JSON object')
    .action((options: JsonOption & { port: string; seconds: number }) =>
      runCommand(options, async (output, signal) => {
        const evidence = await detectPort(options.port, { secondsPerBaud: options.seconds, signal })
        output.result({ evidence }, () =>
          evidence
            .slice(0, 8)
            .map(
              (one) =>
                `${one.profile.padEnd(24)} score ${one.score.toFixed(2)}  ${one.framesPerSecond.toFixed(1)} of ${one.expectedFramesPerSecond.toFixed(1)} frames/s, ${(one.skippedRatio * 100).toFixed(1)} % skipped at ${one.baudRate} baud`,
            ),
        )
        return exitCode.done
      }),
    )

  program
    .command('simulate')
    .description('be a board: write its byte stream to a file, or in real time to stdout (commands from stdin)')
    .requiredOption('--device <profile>', 'board to be, see `pulseprint devices`')
    .option('--source <source>', 'demo:SEED or wfdb:PATH/RECORD', 'demo:1')
    .option('--seconds <number>', 'length of the stream; endless on stdout when left out', positiveNumber)
    .requiredOption('--out <file>', 'file, or - for stdout')
    .option('--faults <list>', 'faults, for example drop=5@3,stall=400@10', '')
    .option('--truth <file>', 'write what was really sent (NPZ)')
    .option('--seed <number>', 'seed of faults and noise', wholeNumber)
    .option('--set <name=value>', 'device setting, repeatable', deviceSetting, {})
    .option('--json', 'print one JSON object (on stderr when the stream goes to stdout)')
    .action(
      (options: JsonOption & { device: string; source: string; seconds?: number; out: string; faults: string; truth?: string; seed?: number; set: SettingValues }) =>
        runCommand({ ...options, streams: options.out === '-' }, async (output, signal) => {
          const toStdout = options.out === '-'
          const made = await runSimulate({
            device: options.device,
            source: options.source,
            seconds: options.seconds ?? null,
            faults: options.faults,
            settings: options.set,
            seed: options.seed ?? null,
            out: toStdout ? { kind: 'stream', output: process.stdout, input: process.stdin } : { kind: 'file', path: resolve(options.out) },
            truthPath: options.truth === undefined ? null : resolve(options.truth),
            signal,
            onProgress: (done, total) => {
              if (!toStdout) output.progress(done, total, 's')
            },
          })
          if (!toStdout || options.json) output.result(made, () => [`Wrote ${made.bytes} bytes, ${made.rows} rows, ${made.seconds.toFixed(1)} s`])
          return exitCode.done
        }),
    )

  program
    .command('record')
    .description('record a subject from a port, the demo device or captured bytes; Ctrl-C finishes early')
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--subject <code>', 'registered subject with consent')
    .requiredOption('--device <profile>', 'board, see `pulseprint devices`')
    .option('--port <path>', 'serial port')
    .option('--demo <seed>', 'the demo device instead of a port', wholeNumber)
    .option('--bytes <file>', 'decode captured bytes instead of a port')
    .option('--seconds <number>', 'length; until Ctrl-C when left out', positiveNumber)
    .option('--baud <rate>', "baud rate; the profile's when left out", wholeNumber)
    .option('--faults <list>', 'faults of the demo device', '')
    .option('--set <name=value>', 'device setting, repeatable', deviceSetting, {})
    .option('--protocol <id>', "recording protocol, the app's or one of the dataset's `protocols` folder; gives the length too")
    .option('--notes <text>', 'notes kept with the recording', '')
    .option('--json', 'print one JSON object')
    .action(
      (
        options: JsonOption & {
          dataset: string
          subject: string
          device: string
          port?: string
          demo?: number
          bytes?: string
          seconds?: number
          baud?: number
          faults: string
          set: SettingValues
          notes: string
          protocol?: string
        },
      ) =>
        runCommand(options, async (output, signal) => {
          const given = [options.port, options.demo, options.bytes].filter((one) => one !== undefined)
          if (given.length !== 1) throw new LabError('usage-invalid', 'Give exactly one of --port, --demo and --bytes.')
          if (options.bytes !== undefined && options.protocol !== undefined) throw new LabError('usage-invalid', 'Captured bytes have no protocol: leave --protocol out.')
          const recorded = await recordOnce({
            dataset: resolve(options.dataset),
            subject: options.subject,
            device: options.device,
            port: options.port ?? null,
            demoSeed: options.demo ?? null,
            bytesFile: options.bytes === undefined ? null : resolve(options.bytes),
            seconds: options.seconds ?? null,
            baudRate: options.baud ?? null,
            faults: options.faults,
            settings: options.set,
            notes: options.notes,
            protocol: options.protocol ?? null,
            signal,
            onProgress: (done, total) => output.progress(done, total, 's'),
          })
          output.result(recorded, () => [
            `Recorded ${recorded.seconds.toFixed(2)} s, ${recorded.samples} samples per lane, ${recorded.lost} lost in ${recorded.gaps} gaps`,
            `Rate ${recorded.rateHz?.toFixed(4) ?? 'not measured'} Hz${recorded.ppm === null ? '' : ` (${recorded.ppm.toFixed(1)} ppm)`}`,
            `${recorded.recording} in ${recorded.path}`,
          ])
          return exitCode.done
        }),
    )
}
