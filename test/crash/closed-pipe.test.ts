import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const program = resolve(import.meta.dirname, '../../bin/pulseprint.js')

test('a command whose reader has gone, as `| head` does, ends as if it had been heard', async () => {
  const command = spawn(process.execPath, [program, 'devices', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] })
  command.stdout.destroy()
  let said = ''
  command.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(command, 'exit')) as [number]
  expect({ code, said }).toEqual({ code: 0, said: '' })
})
