import type { RunLeakFacts, RunLeakFinding } from '../../contract/index.ts'

/** Enough to find the cause; `data.count` has the whole number. */
const mostNamed = 200

/**
 * Checks 7-9 of recognition.md C4, over what a run says that it did: nothing may have been fitted on, or chosen by, the test part, and no teacher may have seen the test's recordings
 * (nor, where the protocol promises unseen people, its subjects). Every finding blocks: numbers with it prove nothing.
 * @example checkRunLeaks({ ...facts, chosen: [{ what: 'temperature', role: 'test' }] }) has one finding, `chosen-on-test`
 */
export function checkRunLeaks(facts: RunLeakFacts): RunLeakFinding[] {
  return [...fittedOnTest(facts), ...chosenOnTest(facts), ...teacherSawTest(facts)]
}

function finding(check: RunLeakFinding['check'], message: string, recordings: readonly string[], subjects: readonly string[], data: RunLeakFinding['data']): RunLeakFinding {
  return { check, severity: 'block', message, recordings: recordings.slice(0, mostNamed), subjects: subjects.slice(0, mostNamed), data }
}

function fittedOnTest({ fitted }: RunLeakFacts): RunLeakFinding[] {
  return fitted.filter(({ roles }) => roles.includes('test')).map(({ what }) => finding('fitted-on-test', `The ${what} was fitted on data that it is tested with.`, [], [], { what }))
}

function chosenOnTest({ chosen }: RunLeakFacts): RunLeakFinding[] {
  return chosen.filter(({ role }) => role === 'test').map(({ what }) => finding('chosen-on-test', `The ${what} was chosen by results on the test part.`, [], [], { what }))
}

function teacherSawTest({ teachers, test, subjectDisjoint }: RunLeakFacts): RunLeakFinding[] {
  const [subjects, recordings] = [new Set(test.subjects), new Set(test.recordings)]
  return teachers.flatMap((teacher) => {
    const sharedRecordings = [...new Set(teacher.recordings)].filter((id) => recordings.has(id)).sort()
    // In a closed set a teacher knows the enrolled people, as everybody does: only their test recordings are forbidden.
    const sharedSubjects = subjectDisjoint ? [...new Set(teacher.subjects)].filter((code) => subjects.has(code)).sort() : []
    if (sharedRecordings.length === 0 && sharedSubjects.length === 0) return []
    const shared = sharedRecordings.length > 0 ? `${sharedRecordings.length} recordings` : `${sharedSubjects.length} people`
    const message = `The ${kindNames[teacher.kind]} ${teacher.name} had seen ${shared} of the test part.`
    return [finding('teacher-saw-test', message, sharedRecordings, sharedSubjects, { name: teacher.name, kind: teacher.kind, count: sharedRecordings.length, people: sharedSubjects.length })]
  })
}

const kindNames: Record<RunLeakFacts['teachers'][number]['kind'], string> = { teacher: 'teacher', 'fusion-teacher': 'fusion teacher', gallery: 'gallery', pairs: 'set of pairs' }
