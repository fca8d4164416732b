import { resolve } from 'node:path'
import type { Command } from 'commander'
import { LabError, type PairedDemo, type PlantedSituation, type Recording, type SubjectInput } from '../../../contract/index.ts'
import { createDemoDataset } from '../../../services/demo-dataset.ts'
import { addSubject, createDataset, eraseSubjectAt, listRecordings, listSubjects, mergeSubjects, recoverAt, redecodeAt, showRecording, verifyAt } from '../../../services/tasks.ts'
import { consentState, plantedSituation, positiveNumber, share, wholeNumber } from '../arguments.ts'
import { exitCode, runCommand } from '../output.ts'

interface DatasetOptions {
  dataset: string
  json?: boolean
}

/** create, subject, recover, redecode, verify, show, demo. */
export function datasetCommands(program: Command): void {
  program
    .command('create')
    .description('make an empty dataset')
    .requiredOption('--dataset <folder>', 'folder to make')
    .requiredOption('--name <name>', 'name of the dataset, shown to people')
    .option('--json', 'print one JSON object')
    .action((options: DatasetOptions & { name: string }) =>
      runCommand(options, async (output) => {
        const created = await createDataset(resolve(options.dataset), options.name)
        output.result(created, () => [`Created ${created.name} in ${created.path}`])
        return exitCode.done
      }),
    )

  const subject = program.command('subject').description('register and list subjects')
  subject
    .command('add')
    .description('register a subject by pseudonymous code')
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--code <code>', 'pseudonymous code, for example S001; never a name')
    .option('--consent <state>', 'unknown, granted, refused or withdrawn', consentState, 'unknown')
    .option('--birth-year <year>', 'year of birth', wholeNumber)
    .option('--notes <text>', 'notes')
    .option('--json', 'print one JSON object')
    .action((options: DatasetOptions & { code: string; consent: NonNullable<SubjectInput['consent']>; birthYear?: number; notes?: string }) =>
      runCommand(options, async (output) => {
        const { code, consent, birthYear, notes } = options
        const added = await addSubject(resolve(options.dataset), { code, consent, birthYear: birthYear ?? null, notes: notes ?? '' })
        output.result(added, () => [`Registered ${added.code}, consent ${added.consent}`])
        return exitCode.done
      }),
    )
  subject
    .command('list')
    .description('list the subjects')
    .requiredOption('--dataset <folder>', 'the dataset')
    .option('--json', 'print one JSON object')
    .action((options: DatasetOptions) =>
      runCommand(options, async (output) => {
        const subjects = await listSubjects(resolve(options.dataset))
        output.result({ subjects }, () =>
          subjects.length === 0
            ? ['No subjects yet.']
            : subjects.map((one) => `${one.code.padEnd(12)} consent ${one.consent.padEnd(10)} ${one.recordings} recordings on ${one.sessions} days`),
        )
        return exitCode.done
      }),
    )

  subject
    .command('merge')
    .description('two codes of one person: the first becomes another name of the second')
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--code <code>', 'the code to give up')
    .requiredOption('--into <code>', 'the code that stays')
    .option('--json', 'print one JSON object')
    .action((options: DatasetOptions & { code: string; into: string }) =>
      runCommand(options, async (output) => {
        const merged = await mergeSubjects(resolve(options.dataset), options.code, options.into)
        output.result(merged, () => [`${options.code} is ${merged.code} now: ${merged.recordings} recordings on ${merged.sessions} days, consent ${merged.consent}`])
        return exitCode.done
      }),
    )
  subject
    .command('erase')
    .description('remove everything about a subject for good; only a tombstone with the code remains')
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--code <code>', 'the subject')
    .requiredOption('--confirm <code>', 'the same code again')
    .option('--json', 'print one JSON object')
    .action((options: DatasetOptions & { code: string; confirm: string }) =>
      runCommand(options, async (output) => {
        const erased = await eraseSubjectAt(resolve(options.dataset), options.code, options.confirm)
        output.result(erased, () => [
          `Erased ${erased.code}: ${erased.recordings.length} recordings.`,
          ...(erased.versions.length > 0 ? [`Taken out of the versions ${erased.versions.join(', ')}`] : []),
          ...(erased.splits.length > 0 ? [`Taken out of the splits ${erased.splits.join(', ')}`] : []),
          'Folders that were exported before are not changed: remove them yourself.',
        ])
        return exitCode.done
      }),
    )

  program
    .command('recover')
    .description('finish recordings that were cut off; running it twice changes nothing')
    .requiredOption('--dataset <folder>', 'the dataset')
    .option('--json', 'print one JSON object')
    .action((options: DatasetOptions) =>
      runCommand(options, async (output, signal) => {
        const report = await recoverAt(resolve(options.dataset), { signal, onProgress: (done, total) => output.progress(done, total, 'recordings') })
        output.result(report, () => [
          report.recordings.length === 0 ? 'Nothing to recover.' : `Recovered ${report.recordings.length} recordings.`,
          ...report.recordings.map((one) => `${one.id}  ${one.seconds.toFixed(1)} s, ${one.rows} rows${one.lossy ? ', with loss' : ''}`),
          ...report.recordings.flatMap((one) => one.warnings.map((warning) => `  ${warning}`)),
          ...report.failures.map((failure) => `${failure.id}: ${failure.code}: ${failure.message}`),
        ])
        if (report.failures.length > 0) return exitCode.failed
        return report.recordings.some((one) => one.lossy) ? exitCode.lossy : exitCode.done
      }),
    )

  program
    .command('redecode')
    .description("run today's decoder on the kept bytes and say what changes")
    .requiredOption('--dataset <folder>', 'the dataset')
    .argument('[recording]', 'id or its first letters; all when left out')
    .option('--json', 'print one JSON object')
    .action((recording: string | undefined, options: DatasetOptions) =>
      runCommand(options, async (output, signal) => {
        const report = await redecodeAt(resolve(options.dataset), recording ?? null, {
          signal,
          onProgress: (done, total) => output.progress(done, total, 'recordings'),
        })
        output.result(report, () => [
          `Decoded ${report.recordings.length} recordings again.`,
          ...report.recordings.map((one) => `${one.id}  ${one.changes.length === 0 ? 'same bytes' : one.changes.join('; ')}`),
          ...report.failures.map((failure) => `${failure.id}: ${failure.code}: ${failure.message}`),
        ])
        return report.failures.length > 0 ? exitCode.failed : exitCode.done
      }),
    )

  program
    .command('verify')
    .description('read everything again, compare hashes, derive the signals again and compare')
    .requiredOption('--dataset <folder>', 'the dataset')
    .option('--json', 'print one JSON object')
    .action((options: DatasetOptions) =>
      runCommand(options, async (output, signal) => {
        const report = await verifyAt(resolve(options.dataset), { signal, onProgress: (done, total) => output.progress(done, total, 'recordings') })
        output.result(report, () => [
          `${report.recordings} recordings, ${(report.bytes / 1e6).toFixed(1)} MB read: ${report.findings.length === 0 ? 'all as written.' : `${report.findings.length} findings.`}`,
          ...report.findings.map((finding) => `${finding.code}  ${finding.file}  ${finding.message}`),
        ])
        return report.findings.length === 0 ? exitCode.done : exitCode.lossy
      }),
    )

  program
    .command('show')
    .description('show one recording, or list all')
    .requiredOption('--dataset <folder>', 'the dataset')
    .argument('[recording]', 'id or its first letters')
    .option('--json', 'print one JSON object')
    .action((recording: string | undefined, options: DatasetOptions) =>
      runCommand(options, async (output) => {
        const dataset = resolve(options.dataset)
        if (recording === undefined) {
          const recordings = await listRecordings(dataset)
          output.result({ recordings }, () =>
            recordings.length === 0
              ? ['No recordings yet.']
              : recordings.map((one) => `${one.id}  ${one.subject.padEnd(10)} ${one.startedAt}  ${one.seconds.toFixed(1).padStart(8)} s  ${one.state}  ${one.profile}`),
          )
        } else {
          const { recording: found, path } = await showRecording(dataset, recording)
          output.result({ ...found, path }, () => describeRecording(found, path))
        }
        return exitCode.done
      }),
    )

  program
    .command('demo')
    .description('generate a dataset of synthetic people and sessions')
    .requiredOption('--dataset <folder>', 'folder to make')
    .option('--seed <number>', 'same seed, same people', wholeNumber, 1)
    .option('--subjects <number>', 'people', wholeNumber, 6)
    .option('--sessions <number>', 'sessions each, on different days', wholeNumber, 2)
    .option('--seconds <number>', 'length of each recording', positiveNumber, 30)
    .option('--paired <situation>', 'ECG and PPG whose relation is planted, so that it is known whether the ECG can teach: helps, no-effect or harms; the first half of the people come once', plantedSituation)
    .option('--share <number>', 'with --paired: part of the pulse shape that comes of a heart, 0 to 1 (default: 1)', share)
    .option('--detail <number>', 'with --paired: part of what tells one ECG from another that no pulse carries, 0 to 1 (default: 0)', share)
    .option('--pulse-noise <number>', 'with --paired: multiplies the disturbances of the PPG (default: 1)', positiveNumber)
    .option('--unpaired', 'with --paired: ECG and PPG in recordings of their own, on different days')
    .option('--one-modality <number>', 'with --paired: part of the people who have ECG or PPG only, 0 to 1 (default: 0)', share)
    .option('--json', 'print one JSON object')
    .action((options: DatasetOptions & DemoOptions) =>
      runCommand(options, async (output, signal) => {
        const { seed, subjects, sessions, seconds } = options
        const made = await createDemoDataset(resolve(options.dataset), {
          seed,
          subjects,
          sessions,
          secondsPerRecording: seconds,
          paired: pairedDemo(options),
          signal,
          onProgress: (done, total) => output.progress(done, total, 'recordings'),
        })
        output.result(made, () => [`Generated ${made.subjects} synthetic people with ${made.recordings} recordings in ${made.path}`])
        return exitCode.done
      }),
    )
}

interface DemoOptions {
  seed: number
  subjects: number
  sessions: number
  seconds: number
  paired?: PlantedSituation
  share?: number
  detail?: number
  pulseNoise?: number
  unpaired?: true
  oneModality?: number
}

/** @throws LabError `usage-invalid` for an option of pairs without them. */
function pairedDemo({ paired: situation, share, detail, pulseNoise, unpaired, oneModality }: DemoOptions): PairedDemo | null {
  if (situation !== undefined) return { situation, share: share ?? 1, detail: detail ?? 0, pulseNoise: pulseNoise ?? 1, unpaired: unpaired ?? false, oneModality: oneModality ?? 0 }
  const given = Object.entries({ '--share': share, '--detail': detail, '--pulse-noise': pulseNoise, '--unpaired': unpaired, '--one-modality': oneModality }).filter(([, value]) => value !== undefined)
  if (given.length > 0) throw new LabError('usage-invalid', `${given.map(([name]) => name).join(', ')} need --paired.`, { options: given.map(([name]) => name) })
  return null
}

function describeRecording(recording: Recording, path: string): string[] {
  const loss = recording.rows > 0 ? (recording.lostRows / recording.rows) * 100 : 0
  return [
    `${recording.id}  ${recording.state}`,
    `  subject    ${recording.subject}`,
    `  started    ${recording.startedAt} (${recording.timeZone})`,
    `  device     ${recording.device.profile} from ${recording.source}`,
    `  length     ${recording.seconds.toFixed(2)} s, ${recording.rows} rows of ${recording.lanes.length} lanes`,
    `  rate       ${recording.measuredRateHz?.toFixed(4) ?? 'not measured'} Hz measured, ${recording.declaredRateHz} Hz declared${recording.ppm === null ? '' : `, ${recording.ppm.toFixed(1)} ppm`}`,
    `  loss       ${recording.lostRows} rows (${loss.toFixed(3)} %, ${recording.lossCertainty}), ${recording.gaps.length} gaps, ${recording.skippedBytes} bytes skipped`,
    ...recording.laneSummaries.map(
      (lane) =>
        `  ${lane.lane.padEnd(10)} ${lane.usableSeconds.toFixed(1)} s usable${lane.meanRateBpm === null ? '' : `, ${lane.meanRateBpm.toFixed(0)} per minute`}`,
    ),
    ...recording.warnings.map((warning) => `  warning    ${warning.code}: ${warning.message}`),
    `  folder     ${path}`,
  ]
}
