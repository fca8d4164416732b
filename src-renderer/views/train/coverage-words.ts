import type { CoverageReason, ModalityCoverage } from '../../../src-main/contract/schemas/coverage.ts'
import type { Strings } from '../../strings/en.ts'
import type { Format } from '../../strings/format.ts'

/** Why a recipe cannot be trained here, or what it will do without. */
export function reasonWords({ code, lane, subjects, of }: CoverageReason, { student, teacher }: Pick<ModalityCoverage, 'student' | 'teacher'>, t: Strings, format: Format): string {
  const { reasons } = t.crossModal.coverage
  const [some, all] = [format.number(subjects), format.number(of)]
  const [own, other] = [t.lanes.kinds[student], t.lanes.kinds[teacher]]
  switch (code) {
    case 'lane-missing':
      return reasons['lane-missing'](t.lanes.kinds[lane ?? student])
    case 'too-few-subjects':
      return reasons['too-few-subjects'](own, some)
    case 'pairs-missing':
      return reasons['pairs-missing'](all)
    case 'pairs-partial':
      return reasons['pairs-partial'](some, all)
    case 'both-missing':
      return reasons['both-missing'](all)
    case 'without-teacher':
      return reasons['without-teacher'](some, all, other)
    case 'without-student':
      return reasons['without-student'](some, all, own)
    case 'test-missing':
      return reasons['test-missing'](own)
    case 'test-partial':
      return reasons['test-partial'](some, all, own)
  }
}

/** Every session that somebody has, in order. */
export function sessionsOf({ subjects }: Pick<ModalityCoverage, 'subjects'>): string[] {
  return [...new Set(subjects.flatMap(({ cells }) => cells.map(({ session }) => session)))].sort()
}
