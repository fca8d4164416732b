import { LabError, type RunRecord, type RunReport } from '../contract/index.ts'
import { modelCard } from './model-card.ts'
import { reportPage } from './report-page.ts'
import type { RunFolder } from './run-folder.ts'

const networks = ['teacher', 'student', 'scratch'] as const

/** report.json, the page for people beside it, and a model card for every network. @throws LabError of writing. */
export async function writeReportFiles(folder: RunFolder, record: RunRecord, report: RunReport): Promise<void> {
  await folder.writeText('report.json', `${JSON.stringify(report)}\n`)
  await folder.writeText('report.html', reportPage(record, report, await folder.epochs()))
  for (const model of networks.filter((name) => report.systems[name] !== undefined)) {
    await folder.writeText(`model-card-${model}.md`, modelCard({ record, report, model, exported: null, synthetic: null, program: report.facts.program }))
  }
}

/** The page of a run's report; where an erasure has taken it away, made of what the report says now. @throws LabError `report-not-found`, `run-invalid`. */
export async function reportPageOf(folder: RunFolder): Promise<string> {
  try {
    return await folder.reportPage()
  } catch (thrown) {
    if (LabError.from(thrown).code !== 'report-not-found') throw thrown
    return reportPage(await folder.record(), await folder.report(), await folder.epochs())
  }
}
