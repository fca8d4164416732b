import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { random } from '../recording/planted-stream.ts'
import { buildChild, crash, type CrashOutcome } from './crash-bench.ts'

test('killed at 50 seeded instants: all that was reported durable is there, nothing is wrong, recovery is idempotent', async () => {
  const child = await buildChild(resolve(import.meta.dirname, '../..'))
  const next = random(2026)
  // A child records for about a second and then finishes; some instants hit the finishing.
  const instants = Array.from({ length: 50 }, () => Math.round(next() * 1300))
  const outcomes: CrashOutcome[] = []
  const work = [...instants]
  await Promise.all(
    [1, 2].map(async () => {
      for (let at = work.pop(); at !== undefined; at = work.pop()) outcomes.push(await crash(child, 6000, at))
    }),
  )
  expect(outcomes).toHaveLength(50)
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ wrong: 0, idempotent: true, findings: 0 })
    expect(outcome.found).toBeGreaterThanOrEqual(outcome.durable)
  }
  // The instants did hit recordings, and not only their ends.
  expect(outcomes.filter((outcome) => !outcome.finished && outcome.found > 0).length).toBeGreaterThan(20)
})
