import { createInterface } from 'node:readline'
import { LabError } from '../../src-main/contract/index.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { acquireLock, type DatasetLock } from '../../src-main/dataset/lock.ts'

/** Runs as a process of its own: `take` and `release` on stdin, `taken`, `released` or an error code on stdout. `hang VERB` stops for ever at that verb. */
const folder = process.argv[2]
let lock: DatasetLock | null = null
let hangAt = ''
const never = new Promise<never>(() => setInterval(() => undefined, 1000))
const files = {
  ...nodeFiles,
  rename: (from: string, to: string): Promise<void> => {
    if (hangAt !== 'rename') return nodeFiles.rename(from, to)
    console.log('hanging')
    return never
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument] = line.split(' ')
  if (command === 'hang') hangAt = argument
  if (command === 'release') {
    await lock?.release()
    console.log('released')
  }
  if (command === 'take') {
    try {
      lock = await acquireLock(files, folder)
      console.log('taken')
    } catch (thrown) {
      console.log(LabError.from(thrown).code)
    }
  }
}
