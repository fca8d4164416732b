import { Dataset } from '../../src-main/dataset/dataset.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { hostClock } from '../../src-main/recording/clock.ts'
import { RecordingWriter } from '../../src-main/recording/recording-writer.ts'
import { cytonBytes, head } from '../recording/lab-bench.ts'

// A program that records a simulated Cyton, hurriedly, until it is killed or has sent everything. It says on stdout how many samples it has
// given to the writer and how many of them the writer calls durable.
const [path, totalSamples] = [process.argv[2], Number(process.argv[3])]
const dataset = await Dataset.open(path, { access: 'write', files: nodeFiles })
const timing = { writeMs: 5, syncNs: 25e6, segmentBytes: 48 * 1024 }
const writer = await RecordingWriter.begin(dataset, head(), { clock: hostClock, timing })
const sentBySequence: { sequence: number; sent: number }[] = []
let sent = 0
let told = -1

function tell(): void {
  const { durableSequence } = writer.status()
  while (sentBySequence.length > 1 && sentBySequence[1].sequence <= durableSequence) sentBySequence.shift()
  const durable = sentBySequence.length > 0 && sentBySequence[0].sequence <= durableSequence ? sentBySequence[0].sent : 0
  if (durable !== told) process.stdout.write(`durable ${durable}\n`)
  told = durable
}

process.stdout.write('recording\n')
while (sent < totalSamples) {
  for (let chunk = 0; chunk < 4; chunk += 1) {
    writer.bytes(cytonBytes(sent, sent + 5), (sent + 5) * 4e6)
    sent += 5
    sentBySequence.push({ sequence: writer.status().receivedSequence, sent })
  }
  tell()
  await new Promise((resolve) => setTimeout(resolve, 2))
}
await writer.finish()
process.stdout.write(`durable ${sent}\nfinished\n`)
await dataset.close()
