import { expect, it, vi } from 'vitest'
import { createOnnxEngine } from '../../../src-main/learning/engine/onnx/onnx-engine.ts'

vi.mock('onnxruntime-node', () => {
  throw new Error('there is no library for this computer')
})

it('says that ONNX Runtime is not there, and why, where it cannot be loaded', async () => {
  await expect(createOnnxEngine({ threads: 1 })).rejects.toMatchObject({ code: 'engine-unavailable', message: expect.stringContaining('ONNX Runtime cannot be loaded') })
})
