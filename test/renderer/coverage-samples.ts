import { ModalityCoverage } from '../../src-main/contract/schemas/coverage.ts'

const cell = { role: 'train', recordings: 1, ecg: 1, ppg: 0, both: 0, seconds: 30 } as const
/** Two people, one of them with both signals; of the recipes one is refused, one is not, one has something to say. */
export const coverageOf = (split: string, student: 'ecg' | 'ppg'): ModalityCoverage =>
  ModalityCoverage.parse({
    version: 'v1', split, student, teacher: student === 'ppg' ? 'ecg' : 'ppg',
    subjects: [{ subject: 'S001', cells: [{ ...cell, session: '2026-03-02', ppg: 1, both: 1 }, { ...cell, session: '2026-03-01' }] }, { subject: 'S002', cells: [{ ...cell, session: '2026-03-01', ecg: 0, ppg: 2 }] }],
    roles: [{ role: 'train', subjects: 2, ecg: 1, ppg: 2, both: 1, apart: 0 }],
    recipes: [
      { recipe: 'fusion', possible: false, reasons: [{ code: 'pairs-missing', blocks: true, lane: null, subjects: 0, of: 12 }] },
      { recipe: 'clip', possible: true, reasons: [] },
      { recipe: 'sembridge', possible: true, reasons: [{ code: 'without-teacher', blocks: false, lane: 'ecg', subjects: 3, of: 12 }] },
    ],
  })
