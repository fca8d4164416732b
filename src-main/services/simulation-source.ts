import { basename, dirname } from 'node:path'
import { LabError } from '../contract/index.ts'
import type { Files } from '../dataset/files.ts'
import { createPersonSource } from '../devices/simulation/person.ts'
import { createReplaySource, type ReplayRecord } from '../devices/simulation/replay.ts'
import type { SignalSource, SourceRequest } from '../devices/simulation/signal-source.ts'
import { plainSignalName } from '../formats/wfdb-header.ts'
import { readWfdbRecord } from '../formats/wfdb-record.ts'

/*
 *   source = demo:SEED[:SESSION]                        a synthetic person
 *          | wfdb:PATH/RECORD[:LABEL,LABEL...]          a stored record, its counts unchanged
 *          | wfdb-physical:PATH/RECORD[:LABEL,...]      a stored record, its millivolts on the board's own scale
 * The labels may not hold a slash, so that a Windows drive (C:\...) is no list of labels.
 */
const demoSource = /^demo:(\d{1,15})(?::(\d{1,15}))?$/
const wfdbSource = /^(wfdb|wfdb-physical):(.+?)(?::([^:/\\]+))?$/

/**
 * The signal source that a text names, for a board's lanes and rate.
 * @throws LabError `source-invalid` when the text is of no known form, the record cannot be read, or it has nothing for this board.
 * @example await openSource('wfdb:bidmc/bidmc01:II,PLETH', configuration, nodeFiles)
 */
export async function openSource(text: string, request: SourceRequest, files: Pick<Files, 'readFile'>): Promise<SignalSource> {
  const demo = demoSource.exec(text)
  if (demo) return createPersonSource(request, { seed: Number(demo[1]), session: demo[2] === undefined ? 1 : Number(demo[2]) })
  const stored = wfdbSource.exec(text)
  if (!stored) {
    const allowed = ['demo:SEED', 'demo:SEED:SESSION', 'wfdb:PATH/RECORD', 'wfdb:PATH/RECORD:LABEL,LABEL', 'wfdb-physical:PATH/RECORD']
    throw new LabError('source-invalid', `"${text}" names no signal source. Allowed: ${allowed.join(', ')}.`, { source: text, allowed })
  }
  const [, form, path, labels] = stored
  const record = await readRecord(path.replace(/\.hea$/, ''), files)
  return createReplaySource(request, record, {
    select: labels?.split(',').map((label) => label.trim()),
    scale: form === 'wfdb' ? 'counts' : 'physical',
  })
}

async function readRecord(path: string, files: Pick<Files, 'readFile'>): Promise<ReplayRecord> {
  const name = basename(path)
  try {
    const { header, signals } = await readWfdbRecord((file) => files.readFile(`${dirname(path)}/${file}`), name)
    // Signals of a lower rate than the fastest have no value on most of its rows: a board has no such lanes, so they stay out.
    const perFrame = Math.max(...header.signals.map((signal) => signal.samplesPerFrame))
    const lanes = header.signals.flatMap((signal, index) =>
      signal.samplesPerFrame === perFrame
        ? [{ label: plainSignalName(signal.name), unit: signal.unit, counts: signals[index], gainCountsPerUnit: signal.gain, baseline: signal.baseline }]
        : [],
    )
    return { name: `wfdb:${name}`, rateHz: header.rateHz * perFrame, lanes }
  } catch (thrown) {
    const error = LabError.from(thrown)
    throw new LabError('source-invalid', `The record ${path} cannot be replayed: ${error.message}`, { source: path, reason: error.code, ...error.data }, { cause: error })
  }
}
