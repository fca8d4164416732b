import { describe, expect, it } from 'vitest'
import type { RecordingId, SubjectCode } from '../../src-main/contract/ids.ts'
import { LeakCheck, SplitOptions, type DatasetSplit, type DataSupport, type LeakFinding, type SplitRole } from '../../src-main/contract/schemas/split.ts'
import { dataSupport } from '../../src-main/curation/data-support.ts'
import { en } from '../../src-renderer/strings/en.ts'
import { Format } from '../../src-renderer/strings/format.ts'
import { zhCN } from '../../src-renderer/strings/zh-CN.ts'
import { findingWords, supportWords } from '../../src-renderer/views/splits/split-words.ts'

const english = new Format('en')
const chinese = new Format('zh-CN')

/** A split of so many people, each with one recording of every role that is named, and some who are left out. */
function splitOf(people: number, roles: readonly SplitRole[], leftOut = 0, strategy: 'leave-last-day-out' | 'subject-disjoint' | 'diagnostic-leaky' = 'leave-last-day-out'): DatasetSplit {
  const code = (index: number) => `S${index}` as SubjectCode
  const assignments = Array.from({ length: people }, (_, person) =>
    roles.map((role, at) => ({ recording: `${person}-${at}` as RecordingId, subject: code(person), session: String(at), role, spans: [{ from: 0, to: 10 }] }))).flat()
  const missing = Array.from({ length: leftOut }, (_, index) => ({ subject: code(people + index), recording: null, reason: 'one session only' }))
  return { formatVersion: 1, name: 's1', version: 'v1', versionHash: 'a', options: SplitOptions.parse({ strategy }), assignments, unknownSubjects: [], leftOut: missing, hash: 'b', erasures: [] }
}

const said = (split: DatasetSplit, support: DataSupport = dataSupport(split, [])) => supportWords(support, split, en, english)

describe('what a split can support', () => {
  it('is said in as many sentences as the lab has, and those without figures word for word', () => {
    const splits = [splitOf(3, ['enrol', 'test']), splitOf(60, ['enrol', 'test'], 1), splitOf(2, ['train'], 2, 'subject-disjoint'), splitOf(4, ['enrol', 'enrol', 'test'], 0, 'diagnostic-leaky')]
    for (const split of splits) {
      const support = dataSupport(split, [])
      const sentences = said(split)
      expect(sentences).toHaveLength(support.sentences.length)
      expect(sentences.filter((sentence) => !/\d/.test(sentence))).toEqual(support.sentences.filter((sentence) => !/\d/.test(sentence)))
    }
  })

  it('counts one of a thing as one', () => {
    const one = said(splitOf(2, ['enrol', 'test'], 1))
    expect(one.at(-1)).toBe('1 subject is left out altogether; the list says why.')
    // Two people, one template and one probe each: two genuine trials, two impostor trials; 3/2 is more than all of them.
    expect(one.find((sentence) => sentence.includes('rule of three'))).toBe('2 genuine trials and 2 impostor trials: a false match rate below 100% cannot be shown (rule of three), and none below 100% should be printed.')
  })

  it('says of how many pairs the impostor trials were drawn', () => {
    const split = splitOf(3, ['enrol', 'enrol', 'test'])
    // Three probes against the four templates of the two others.
    const drawn = said(split, { ...dataSupport(split, []), impostorTrials: 5 })
    expect(drawn.join(' ')).toContain('5 impostor trials, drawn from 12:')
    expect(said(split).join(' ')).not.toContain('drawn')
  })

  it('is Chinese in a Chinese window, but for the names of measures', () => {
    for (const sentence of supportWords(dataSupport(splitOf(3, ['enrol', 'test'], 2), []), splitOf(3, ['enrol', 'test'], 2), zhCN, chinese)) {
      expect(sentence.replace(/EER|AS-norm/g, '')).not.toMatch(/[A-Za-z]{2}/)
    }
  })
})

describe('a finding of the leak check', () => {
  const finding = (check: LeakFinding['check'], data: LeakFinding['data'] = {}): LeakFinding => ({ check, severity: 'warn', message: 'As the lab says it.', recordings: [], subjects: ['S1', 'S2'], data })

  it('is the lab’s own sentence in English', () => {
    for (const check of LeakCheck.options) expect(findingWords(finding(check), en, english)).toBe('As the lab says it.')
  })

  it('has its figures and names in Chinese', () => {
    for (const check of LeakCheck.options) expect(findingWords(finding(check), zhCN, chinese), check).toMatch(/[\u4e00-\u9fff]/)
    expect(findingWords(finding('metadata-confound', { accuracy: 0.417, chance: 0.111, p: 0.001, fields: 'rate, gain, later' }), zhCN, chinese)).toMatch(/42%.*11%.*0\.001.*采样率、增益和later/)
    expect(findingWords(finding('adc-fingerprint', { share: 0.2, people: 1 }), zhCN, chinese)).toMatch(/20%.*1 人（S1, S2）/)
  })
})
