import type { SplitRole, SplitStrategy, VersionEntry } from '../contract/index.ts'
import { joinSpans, rowsIn, sliceSpans } from './spans.ts'
import { leaveOut, type LeftOut, type Part, type ProtocolContext, type SubjectProtocol } from './split-plan.ts'
import { guardRows } from './split-roles.ts'

/** A part shorter than this holds no beat with its neighbours. */
const shortestPartSeconds = 1
/** More blocks than this say nothing more, and make a file that nobody can read. */
const mostBlocks = 2000

/** Protocols that give the rows of one recording to several roles. */
export const rowProtocols: Partial<Record<SplitStrategy, SubjectProtocol>> = {
  'chronological': (entries, context) => each(entries, (entry) => inTime(entry, context)),
  'diagnostic-leaky': (entries, context) => each(entries, (entry) => atRandom(entry, context)),
}

function each(entries: readonly VersionEntry[], divide: (entry: VersionEntry) => Part[] | null): ReturnType<SubjectProtocol> {
  const parts: Part[] = []
  const leftOut: LeftOut[] = []
  for (const entry of entries) {
    const divided = divide(entry)
    if (divided) parts.push(...divided)
    else leftOut.push(...leaveOut([entry], 'too short to be divided'))
  }
  return { parts, leftOut }
}

/**
 * Earlier rows enrol, then validate, then test, with the guard between. With k folds the recording is k + 1 equal blocks, and fold f tests block f + 1
 * on all that is before it: later rows never train.
 */
function inTime(entry: VersionEntry, { options, fold, folds, validationShare }: ProtocolContext): Part[] | null {
  const rows = rowsIn(entry.spans)
  const guard = guardRows(options, entry.rateHz)
  const shortest = Math.ceil(shortestPartSeconds * entry.rateHz)
  const wanted = validationShare.take(rows, 0, rows)
  const guards = guard * (wanted > 0 ? 2 : 1)
  const end = folds === null ? rows : Math.floor((rows * (fold + 2)) / (folds + 1))
  const test = folds === null ? Math.round(options.test * (rows - guards)) : end - Math.floor((rows * (fold + 1)) / (folds + 1)) - guard
  const before = end - test - guard
  // The share of all rows, as far as there are rows before the test.
  const validation = Math.min(wanted, Math.round(options.validation * before))
  const validates = validation >= shortest && before - validation - guard >= shortest
  const enrol = validates ? before - validation - guard : before
  if (enrol < shortest || test < shortest) return null
  const part = (role: SplitRole, from: number, to: number): Part => ({ entry, role, spans: sliceSpans(entry.spans, from, to) })
  return [part('enrol', 0, enrol), ...(validates ? [part('validation', before - validation, before)] : []), part('test', end - test, end)]
}

/** Blocks of a second or a window, each with a role of its own by chance. */
function atRandom(entry: VersionEntry, { options, random, fold, folds, testShare, validationShare }: ProtocolContext): Part[] | null {
  const rows = rowsIn(entry.spans)
  const block = Math.max(Math.ceil(Math.max(shortestPartSeconds, options.windowSeconds) * entry.rateHz), Math.ceil(rows / mostBlocks))
  const count = Math.floor(rows / block)
  if (count < 2) return null
  const mixed = random.shuffled(Array.from({ length: count }, (_, i) => i))
  const tests = folds === null ? testShare.take(count, 1, count - 1) : 0
  const isTest = (i: number): boolean => (folds === null ? i < tests : i % folds === fold)
  const test = mixed.filter((_, i) => isTest(i))
  const rest = mixed.filter((_, i) => !isTest(i))
  if (test.length === 0) return null
  const validating = validationShare.take(count, 0, rest.length - 1)
  const part = (role: SplitRole, blocks: readonly number[]): Part[] => {
    const spans = blocks.flatMap((i) => sliceSpans(entry.spans, i * block, i === count - 1 ? rows : (i + 1) * block))
    return blocks.length === 0 ? [] : [{ entry, role, spans: joinSpans(spans) }]
  }
  return [...part('enrol', rest.slice(validating)), ...part('validation', rest.slice(0, validating)), ...part('test', test)]
}
