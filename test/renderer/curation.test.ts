import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import type { SubjectCode } from '../../src-main/contract/ids.ts'
import type { CurationDecision, CurationResult, CurationRule } from '../../src-main/contract/schemas/curation.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { CurationState } from '../../src-renderer/state/curation.svelte.ts'
import { Latest } from '../../src-renderer/state/latest.ts'
import { MemoryStore } from '../../src-renderer/state/working-store.ts'
import { en } from '../../src-renderer/strings/en.ts'
import { zhCN } from '../../src-renderer/strings/zh-CN.ts'
import { reasonWords } from '../../src-renderer/views/curate/reason-words.ts'
import { changedRule, fieldText, newRules, ruleFields } from '../../src-renderer/views/curate/rule-forms.ts'
import { FakeLab, type FakeHandlers } from './fake-lab.ts'
import { recordingIds } from './samples.ts'

const usual: CurationRule[] = [{ kind: 'consent' }, { kind: 'duration', atLeast: 10 }]
const [first, second] = recordingIds

const decision = (recording: CurationDecision['recording'], change: Partial<CurationDecision> = {}): CurationDecision => ({
  recording, subject: 'S001' as SubjectCode, session: '2026-02-03', included: true, overridden: false, reasons: [], spans: [{ from: 0, to: 100 }], seconds: 10, ...change,
})

const result: CurationResult = {
  decisions: [decision(first), decision(second, { subject: 'S002' as SubjectCode, included: false, overridden: true })],
  included: { recordings: 1, subjects: 1, sessions: 1, seconds: 10 },
  perRule: [],
}

async function setUp(handlers: FakeHandlers = {}, store = new MemoryStore()) {
  const lab = new FakeLab({ 'curation.defaults': () => usual, 'curation.evaluate': () => result, 'versions.list': () => [], ...handlers })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  const curation = new CurationState(connection, store, () => 100)
  return { lab, store, curation }
}

describe('a curation', () => {
  it('begins with the usual rules and asks what they give', async () => {
    const { lab, curation } = await setUp()
    await curation.bind('data')
    expect(curation.rules).toEqual(usual)
    expect(lab.inputs('curation.evaluate')).toEqual([{ rules: usual, overrides: [] }])
    expect(curation.result).toEqual(result)
  })

  it('survives a reload, rules and a person’s words alike, and each dataset has its own', async () => {
    const { store, curation } = await setUp()
    await curation.bind('data')
    curation.remove(0)
    curation.override(first, { include: false, reason: 'wrong electrodes' })
    await curation.evaluate()

    const later = await setUp({}, store)
    await later.curation.bind('data')
    expect(later.curation.rules).toEqual([usual[1]])
    expect(later.curation.overrides).toEqual([{ recording: first, include: false, reason: 'wrong electrodes' }])
    await later.curation.bind('other')
    expect(later.curation.rules).toEqual(usual)
    expect(later.curation.overrides).toEqual([])
  })

  it('keeps one word per recording and gives it back to the rules', async () => {
    const { curation } = await setUp()
    await curation.bind('data')
    curation.override(first, { include: false, reason: 'a' })
    curation.override(first, { include: true, reason: 'b' })
    expect(curation.overrides).toEqual([{ recording: first, include: true, reason: 'b' }])
    curation.override(first, null)
    expect(curation.overrides).toEqual([])
  })

  it('shows what a rule has against it and keeps the last counts', async () => {
    let broken = false
    const { curation } = await setUp({
      'curation.evaluate': () => {
        if (broken) throw new LabError('rules-invalid', 'Rule 1 cannot be used.')
        return result
      },
    })
    await curation.bind('data')
    broken = true
    curation.add({ kind: 'heart-rate', from: 90, to: 40 })
    await curation.evaluate()
    expect(curation.error?.code).toBe('rules-invalid')
    expect(curation.result).toEqual(result)
  })

  it('counts and filters by what became of a recording', async () => {
    const { curation } = await setUp()
    await curation.bind('data')
    expect((['all', 'kept', 'trimmed', 'excluded', 'overridden'] as const).map((filter) => curation.counts(filter))).toEqual([2, 1, 0, 1, 1])
    curation.filter = 'excluded'
    expect(curation.shown.map(({ recording }) => recording)).toEqual([second])
    curation.filter = 'all'
    curation.search = 's002'
    expect(curation.shown.map(({ recording }) => recording)).toEqual([second])
  })

  it('suggests the first name that is free', async () => {
    const version = { note: '', createdAt: '', hash: '', recordings: 1, subjects: 1, sessions: 1, seconds: 1, excluded: 0, missing: 0, changed: 0, problem: null }
    const { curation } = await setUp({ 'versions.list': () => [{ ...version, name: 'v2' }] })
    await curation.bind('data')
    expect(curation.suggestedName).toBe('v3')
  })
})

describe('Latest', () => {
  it('asks one thing at a time and skips what is out of date', async () => {
    const asked: number[] = []
    const used: number[] = []
    const pending: (() => void)[] = []
    const latest = new Latest<number, number>(
      (input) => {
        asked.push(input)
        return new Promise((resolve) => pending.push(() => resolve(input * 10)))
      },
      (output) => used.push(output),
      () => undefined,
    )
    const done = latest.request(1)
    void latest.request(2)
    void latest.request(3)
    expect(asked).toEqual([1])
    pending.shift()?.()
    await new Promise((resolve) => setTimeout(resolve))
    expect(asked).toEqual([1, 3])
    pending.shift()?.()
    await done
    expect(used).toEqual([10, 30])
  })

  it('goes on after a failure', async () => {
    const failed: unknown[] = []
    const used: number[] = []
    const latest = new Latest<number, number>((input) => (input < 0 ? Promise.reject(new Error('no')) : Promise.resolve(input)), (output) => used.push(output), (thrown) => failed.push(thrown))
    await latest.request(-1)
    await latest.request(5)
    expect([failed.length, used]).toEqual([1, [5]])
  })
})

describe('the form of a rule', () => {
  it('shows and takes back every field of every kind unchanged', () => {
    for (const rule of newRules) {
      for (const field of ruleFields[rule.kind]) if (field.type !== 'states') expect(changedRule(rule, field, fieldText(rule, field)), `${rule.kind}.${field.key}`).toEqual(rule)
    }
  })

  it('takes percent as a ratio, bounds numbers, and keeps the old value for what is none', () => {
    const rule: CurationRule = { kind: 'at-most', measure: 'missing', lane: 'ecg', ratio: 0.1 }
    const field = ruleFields['at-most'][2]
    expect(changedRule(rule, field, '2.5')).toEqual({ ...rule, ratio: 0.025 })
    expect(changedRule(rule, field, '250')).toEqual({ ...rule, ratio: 1 })
    expect(changedRule(rule, field, 'much')).toEqual(rule)
    expect(changedRule({ kind: 'subjects', codes: ['A'], keep: true }, ruleFields.subjects[0], ' , ')).toEqual({ kind: 'subjects', codes: ['A'], keep: true })
  })

  it('has words for every kind in both languages', () => {
    for (const strings of [en, zhCN]) {
      const reason = (data: Record<string, string | number>) => reasonWords({ rule: 0, kind: 'usable-seconds', data, text: 'x' }, strings)
      expect(reason({ lane: 'ecg', seconds: 4.25, atLeast: 15 })).toContain('4.3')
      expect(reason({ lane: 'ecg' })).not.toContain('undefined')
      expect(reasonWords({ rule: 0, kind: 'of-a-later-version', data: {}, text: 'As the lab says.' }, strings)).toBe('As the lab says.')
    }
  })
})
