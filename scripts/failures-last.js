import { appendFileSync } from 'node:fs'
import { relative } from 'node:path'

const mostChanges = 12
const longestLine = 300

/** Vitest reporter: writes each failure in a few lines to the file PULSEPRINT_FAILURES names, which `npm test` prints last, when all else has scrolled away. */
export default class FailuresLast {
  onTestRunEnd(modules, errors) {
    const file = process.env.PULSEPRINT_FAILURES
    if (!file) return
    const lines = modules.flatMap((module) => {
      const path = relative(process.cwd(), module.moduleId)
      const failed = [...module.children.allTests('failed')].flatMap((test) => describe(`${path} > ${test.fullName}`, test.result().errors))
      const broken = [...module.children.allSuites(), module].flatMap((suite) => (suite.errors().length > 0 ? describe(path, suite.errors()) : []))
      return [...failed, ...broken]
    })
    const all = [...lines, ...errors.flatMap((error) => describe('outside of any test', [error]))]
    if (all.length > 0) appendFileSync(file, `${all.join('\n')}\n`)
  }
}

function describe(where, errors = []) {
  return [where, ...errors.flatMap(({ message, diff, stack }) => [message, ...changes(diff), ownLine(stack)]).filter(Boolean).map((line) => `    ${line.replaceAll('\n', ' ').slice(0, longestLine)}`)]
}

/** Lines of a difference that differ, without their colours. */
function changes(diff = '') {
  return diff.replaceAll(/\u001b\[\d+m/g, '').split('\n').filter((line) => /^[-+] /.test(line)).slice(0, mostChanges)
}

const ownLine = (stack = '') => stack.split('\n').find((line) => /\.test\.ts:/.test(line))?.trim() ?? ''
