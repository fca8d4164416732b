import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { RecordingId } from '../../src-main/contract/index.ts'
import { encodeArrays } from '../../src-main/dataset/array-file.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { acquireLock } from '../../src-main/dataset/lock.ts'
import { erasePeopleOfRun, testedPeople, withoutCodes } from '../../src-main/dataset/run-people.ts'
import { readDraws, writeDraws } from '../../src-main/runs/draws-file.ts'
import { recordingId } from './a-recording.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folder = temporaryFolder()
let runs = 0
async function aRun(): Promise<string> {
  const path = join(folder.path, `run${runs++}`)
  await mkdir(path, { recursive: true })
  return path
}

const gone = RecordingId.parse(recordingId(3))
const erased = { codes: new Set(['zoe-7']), recordings: new Set([gone]) }
const report = (people: readonly string[]) => ({
  formatVersion: 1, facts: { split: 'ZOE-7' },
  systems: { student: { evaluation: { eer: 0.25, subjects: { tested: 3 }, perSubject: people.map((subject, probes) => ({ subject, probes })) }, modelHash: 'h' } },
  leaks: [{ check: 'teacher-saw-test', message: 'Zoe-7 and Zoe-70 were seen.', subjects: people, recordings: [gone, recordingId(4)] }], sentences: [],
})

it('an erased person goes out of a report, line by line; what was measured of all stays, and the page is made anew', async () => {
  const run = await aRun()
  await writeFile(join(run, 'report.json'), `${JSON.stringify(report(['Ann', 'Zoe-7', 'Bob']))}\n`)
  await writeFile(join(run, 'report.html'), 'Zoe-7')
  await erasePeopleOfRun(nodeFiles, run, erased)
  const expected = report(['Ann', 'Zoe-7', 'Bob'])
  expected.systems.student.evaluation.perSubject.splice(1, 1)
  expected.leaks = [{ ...expected.leaks[0], message: '- and Zoe-70 were seen.', subjects: ['Ann', 'Bob'], recordings: [recordingId(4)] }]
  const text = await readFile(join(run, 'report.json'), 'utf8')
  expect(JSON.parse(text)).toEqual(expected)
  expect(await nodeFiles.stat(join(run, 'report.html'))).toBeNull()
  // Once more, and of a run that never had them: nothing is touched, the page neither.
  await writeFile(join(run, 'report.html'), 'page')
  await erasePeopleOfRun(nodeFiles, run, erased)
  expect([await readFile(join(run, 'report.json'), 'utf8'), await readFile(join(run, 'report.html'), 'utf8')]).toEqual([text, 'page'])
})

it('a report that a crash cut off goes with its page, as nobody can read whom it names', async () => {
  const run = await aRun()
  await writeFile(join(run, 'report.json'), '{"systems": {"student": "Zoe-7')
  await writeFile(join(run, 'report.html'), 'Zoe-7')
  await erasePeopleOfRun(nodeFiles, run, erased)
  expect(await readdir(run)).toEqual([])
})

it('what a crash left half-written goes; of a run that somebody works on it is theirs', async () => {
  const run = await aRun()
  const halves = ['run.json.part', 'report.json.part', 'report.html.part', 'draws.bin.part']
  for (const half of halves) await writeFile(join(run, half), 'Zoe-7')
  const lock = await acquireLock(nodeFiles, run)
  await erasePeopleOfRun(nodeFiles, run, erased)
  expect((await readdir(run)).filter((name) => name.endsWith('.part')).sort()).toEqual([...halves].sort())
  await lock.release()
  await erasePeopleOfRun(nodeFiles, run, erased)
  expect(await readdir(run)).toEqual([])
})

it.each(['nothing\n', 'null\n', '{"arrays": []}\n', '{"meta": {}}\n', '{"meta": {}, "arrays": [{"name": "a", "length": 1e9}]}\n', ''])('draws whose checksum fits and whose head is none, %j, are damaged like others', async (head) => {
  const run = await aRun()
  const content = Buffer.from(`PULSEPRINT-ARRAYS 1\n${head}`)
  await writeFile(join(run, 'draws.bin'), Buffer.concat([content, createHash('sha256').update(content).digest()]))
  await expect(readDraws(nodeFiles, run)).rejects.toMatchObject({ code: 'run-invalid' })
  await erasePeopleOfRun(nodeFiles, run, erased)
  expect(await readdir(run)).toEqual([])
})

it('draws of a later version stay as they are, and keep nobody from being erased', async () => {
  const run = await aRun()
  const content = Buffer.from('PULSEPRINT-ARRAYS 2\nwhatever it holds then')
  const whole = Buffer.concat([content, createHash('sha256').update(content).digest()])
  await writeFile(join(run, 'draws.bin'), whole)
  await writeFile(join(run, 'report.json'), `${JSON.stringify(report(['Zoe-7']))}\n`)
  await erasePeopleOfRun(nodeFiles, run, erased)
  expect(await readFile(join(run, 'draws.bin'))).toEqual(whole)
  expect(JSON.parse(await readFile(join(run, 'report.json'), 'utf8'))).toMatchObject({ systems: { student: { evaluation: { perSubject: [] } } } })
})

it('values on draws name nobody, and those of an earlier version that did can be compared with them before and after', async () => {
  const [before, now] = [await aRun(), await aRun()]
  const subjects = ['Ann', 'Zoe-7', 'Bob']
  const byBeats = [{ beats: 1, eer: { value: 0.2, draws: Float64Array.of(0.25, 0.125) }, rank1: { value: null, draws: Float64Array.of(0.5, 1) } }]
  await writeDraws(nodeFiles, now, new Map([['student', { seed: 7, replicates: 2, subjects, byBeats }]]))
  const arrays = { 'student 1 eer': Float32Array.of(0.25, 0.125), 'student 1 rank1': Float32Array.of(0.5, 1) }
  await writeFile(join(before, 'draws.bin'), encodeArrays({ meta: { models: [{ name: 'student', seed: 7, replicates: 2, subjects, byBeats: [{ beats: 1, eer: 0.2, rank1: null }] }] }, arrays }))
  const read = await readDraws(nodeFiles, now)
  expect(read?.get('student')).toEqual({ seed: 7, replicates: 2, people: testedPeople(subjects), byBeats })
  expect(await readDraws(nodeFiles, before)).toEqual(read)
  expect(await readFile(join(before, 'draws.bin'), 'latin1')).toContain('Zoe-7')
  await erasePeopleOfRun(nodeFiles, before, erased)
  for (const run of [before, now]) expect(await readFile(join(run, 'draws.bin'), 'latin1')).not.toMatch(/Zoe|Ann|Bob/)
  expect(await readDraws(nodeFiles, before)).toEqual(read)
  expect(testedPeople(['Ann', 'Bob', 'Zoe-7'])).not.toEqual(testedPeople(subjects))
  await writeFile(join(before, 'draws.bin'), 'Zoe-7')
  await erasePeopleOfRun(nodeFiles, before, erased)
  expect(await readDraws(nodeFiles, before)).toBeNull()
})

it('whole words of a message are codes, parts of others are not', () => {
  expect(['S1 was erased.', 'S12, s1; (S1)', 'xS1 S1-a', 4].map((text) => withoutCodes(text, new Set(['s1'])))).toEqual(['- was erased.', 'S12, -; (-)', 'xS1 S1-a', 4])
})
