import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { LabError } from '../../../src-main/contract/index.ts'
import type { Engine } from '../../../src-main/learning/engine/engine.ts'
import { loadEngine } from '../../../src-main/learning/engine/load-engine.ts'
import { selfCheckError } from '../../../src-main/learning/engine/self-check.ts'
import { distilledPhase } from '../../../src-main/learning/recipes/student.ts'
import { teacherPhase } from '../../../src-main/learning/recipes/teacher.ts'
import { oneStep, setting, studentOptions, teacherOptions, untrained } from '../recipes/tiny-phases.ts'

/** TensorFlow's own library is optional: its package has no native part until one is built. */
const loaded: Engine | LabError = await loadEngine('tensorflow', { threads: 1, provider: 'cpu' }).catch((thrown: unknown) => LabError.from(thrown))
if (loaded instanceof LabError) console.log(`SKIPPED: the engine "tensorflow" is not here (${loaded.message})`)

it.runIf(loaded instanceof LabError)('without its native part the engine is unavailable, with one line of reason', () => {
  expect(loaded).toMatchObject({ code: 'engine-unavailable', data: { engine: 'tensorflow' } })
  expect((loaded as LabError).message).toMatch(/^The engine "tensorflow" cannot be used here: [^\n]+$/)
})

it.skipIf(loaded instanceof LabError)('it passes the self-check, and trains a teacher and its student with the loss and gradient of onnx', { timeout: 120_000 }, async () => {
  const tensorflow = loaded as Engine
  expect(tensorflow.version).toBe(`tfjs-node ${(createRequire(import.meta.url)('@tensorflow/tfjs-node/package.json') as { version: string }).version}`)
  const [cpu, onnx] = [await loadEngine('cpu', { threads: 1, provider: 'cpu' }), await loadEngine('onnx', { threads: 1, provider: 'cpu' })]
  expect(await selfCheckError(tensorflow, cpu)).toBeLessThan(1e-5)
  const teacher = teacherPhase(teacherOptions(), setting)
  for (const phase of [teacher, distilledPhase(studentOptions({ stage: { form: 'tokens' } }), setting, untrained(teacher))]) {
    const [found, expected] = [await oneStep(tensorflow, phase), await oneStep(onnx, phase)]
    expect(Math.abs(found.total / expected.total - 1)).toBeLessThan(1e-4)
    const largest = expected.gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    expect(found.gradient.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.gradient[i])), 0) / largest).toBeLessThan(2e-3)
  }
  onnx.dispose()
})
