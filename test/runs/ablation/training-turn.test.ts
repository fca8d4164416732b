import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { nodeFiles } from '../../../src-main/dataset/files.ts'
import { acquireLock } from '../../../src-main/dataset/lock.ts'
import { thisProcess } from '../../../src-main/dataset/process-identity.ts'
import { trainingTurn } from '../../../src-main/runs/ablation/training-turn.ts'
import { temporaryFolder } from '../../dataset/temporary-folder.ts'

const folder = temporaryFolder()
const at = (name: string) => ({ files: nodeFiles, path: join(folder.path, name) })

it('one program at a time has the turn for a model, others have those for other models; given back without a model the next one has it', async () => {
  const lab = at('lab')
  const first = await trainingTurn(lab, 'a')
  expect(first).not.toBeNull()
  expect(await trainingTurn(lab, 'a')).toBeNull()
  expect(await trainingTurn(lab, 'b')).not.toBeNull()
  expect(await trainingTurn(at('copy of the lab'), 'a')).not.toBeNull()
  await first?.end(false)
  const second = await trainingTurn(lab, 'a')
  expect(second).not.toBeNull()
  await second?.end(true)
  expect(await nodeFiles.stat(join(lab.path, 'runs', '.training', 'a'))).toBeNull()
})

it('whoever was killed in the middle blocks nobody', async () => {
  const lab = at('killed')
  const place = join(lab.path, 'runs', '.training', 'a')
  await mkdir(place, { recursive: true })
  // The process of an earlier boot of this computer is certainly gone.
  await acquireLock(nodeFiles, place, { identity: { ...thisProcess(), uptimeSeconds: thisProcess().uptimeSeconds + 1e6 } })
  expect(await trainingTurn(lab, 'a')).not.toBeNull()
  expect(await trainingTurn(lab, 'a')).toBeNull()
})
