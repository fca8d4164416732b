import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { sha256 } from '../../src-main/dataset/hashes.ts'
import { aRecording, recordingId } from './a-recording.ts'

/** People S001 ... with `perDay` recordings of 20 s on each of two days: recording.json and a signals.dat that is no signal but has its hash, open for writing. Ids run in the order of time within each person. */
export async function datedLab(path: string, people: number, perDay: number): Promise<Dataset> {
  const dataset = await Dataset.create(path, { name: 'lab' })
  let n = 0
  for (let person = 1; person <= people; person++) {
    const subject = `S${String(person).padStart(3, '0')}`
    await dataset.subjects.add({ code: subject, consent: 'granted' })
    for (const day of ['2026-03-01', '2026-03-02']) {
      for (let i = 0; i < perDay; i++) {
        n++
        const signal = `signal ${n}`
        const files = [{ name: 'signals.dat', bytes: signal.length, sha256: sha256(signal) }]
        const folder = await dataset.recordings.create(aRecording({ id: recordingId(n), subject, startedAt: `${day}T${10 + i}:00:00+01:00`, rows: 5000, seconds: 20, contentHash: sha256(`content ${n}`), files }))
        await writeFile(join(folder, 'signals.dat'), signal)
      }
    }
  }
  return dataset
}
