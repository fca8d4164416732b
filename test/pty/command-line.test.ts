import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { missingTool, root } from './program.ts'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function run(...args: string[]): Promise<Ended> {
  const program = process.env.PULSEPRINT_PROGRAM ?? join(root, 'bin/pulseprint.js')
  return new Promise((done) => {
    execFile(process.execPath, [program, ...args], { cwd: root, encoding: 'latin1' }, (error, stdout, stderr) => {
      done({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr })
    })
  })
}

const missing = missingTool()
if (missing) console.log(`SKIPPED: the command line: ${missing}`)

describe.skipIf(missing)('the command line', () => {
  it('answers wrong usage with exit code 2, a line for the person, and one JSON object where that was asked for', async () => {
    const wrong = [
      ['record', '--dataset', 'none', '--subject', 'S001', '--device', 'cyton', '--demo', '1', '--seconds', '0'],
      ['subject', 'add', '--dataset', 'none', '--code', 'S001', '--consent', 'yes'],
      ['verify'],
      ['frobnicate'],
      ['verify', '--dataset', 'none', '--bogus'],
      ['record', '--dataset', 'none', '--subject', 'S001', '--device', 'cyton'],
    ]
    for (const args of wrong) {
      const ended = await run(...args, '--json')
      expect(ended.code, args.join(' ')).toBe(2)
      expect(ended.stdout.trimEnd().split('\n'), args.join(' ')).toHaveLength(1)
      expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: 'usage-invalid' } })
      expect(ended.stderr).not.toBe('')
    }
    expect(await run('frobnicate')).toMatchObject({ code: 2, stdout: '' })
    expect(await run('verify', '--help')).toMatchObject({ code: 0, stderr: '' })
  })

  it('keeps words out of a stream of bytes', async () => {
    const failed = await run('simulate', '--device', 'nope', '--out', '-', '--json')
    expect(failed).toMatchObject({ code: 1, stdout: '' })
    expect(failed.stderr).toContain('{"error":{"code":"device-unknown"')
  })

  it('has a README whose socat line works', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8')
    // socat splits its addresses at colons: one in a command's options has to be escaped.
    for (const line of readme.split('\n').filter((text) => text.includes('EXEC:'))) expect(line).toMatch(/--source demo\\:/)
  })
})
