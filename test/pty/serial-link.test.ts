import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LabError } from '../../src-main/contract/index.ts'
import { hostClock } from '../../src-main/recording/clock.ts'
import { groupOfDevice, serialError, SerialLink } from '../../src-main/recording/serial-link.ts'
import { missingTool, otherPort } from './program.ts'

const missing = missingTool()?.includes('socat') ? missingTool() : null
if (missing) console.log(`SKIPPED: serial port tests: ${missing}`)

const at = (path: string): SerialLink => new SerialLink({ path, baudRate: 115200, dtr: true }, hostClock)
const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'pulseprint-link-'))

describe.skipIf(missing)('serial link on the real driver', () => {
  it('carries bytes both ways and closes quietly', async () => {
    const path = join(await folder(), 'tty')
    const port = await otherPort(path, 'EXEC:cat')
    const link = at(path)
    let received = ''
    const closes: (LabError | null)[] = []
    const echoed = new Promise<void>((done) => link.onData((bytes) => (received += Buffer.from(bytes).toString()).length >= 5 && done()))
    link.onClose((error) => closes.push(error))
    await link.open()
    await link.write(Buffer.from('hello'))
    await echoed
    await link.close()
    await link.close()
    expect(received).toBe('hello')
    expect(closes).toEqual([null])
    await expect(link.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'port-failed' })
    await port.stop()
  })

  it('tells an unplugged board from a closed port, and opens again when it is back', async () => {
    const path = join(await folder(), 'tty')
    const first = await otherPort(path, 'EXEC:cat')
    const link = at(path)
    link.onData(() => undefined)
    const closed = new Promise<LabError | null>((done) => link.onClose(done))
    await link.open()
    await first.stop()
    expect(await closed).toMatchObject({ code: 'port-failed', data: { unplugged: true } })
    await expect(link.open()).rejects.toMatchObject({ code: 'port-not-found' })
    const second = await otherPort(path, 'EXEC:cat')
    await link.open()
    await link.close()
    await second.stop()
  })

  it('refuses what is not there, what is no port, and what another program holds', async () => {
    const base = await folder()
    await expect(at(join(base, 'nothing')).open()).rejects.toMatchObject({ code: 'port-not-found' })
    await writeFile(join(base, 'file'), 'x')
    await expect(at(join(base, 'file')).open()).rejects.toMatchObject({ code: 'port-failed' })
    const path = join(base, 'tty')
    const port = await otherPort(path, 'EXEC:cat')
    const holder = at(path)
    await holder.open()
    await expect(at(path).open()).rejects.toMatchObject({ code: 'port-busy', data: { path } })
    await holder.close()
    await port.stop()
  })
})

describe('serial errors', () => {
  it('name the group that owns a forbidden device', async () => {
    const path = join(await folder(), 'device')
    await writeFile(path, '')
    await chmod(path, 0o600)
    const group = await groupOfDevice(path)
    const error = await serialError(new Error('Error: Permission denied, cannot open'), path)
    expect(error).toMatchObject({ code: 'port-permission-denied', data: { path, group } })
    expect(error.message).toContain(`"${group}"`)
    if (process.platform === 'linux') expect(await groupOfDevice('/dev/null')).toBe('root')
  })

  it('are told apart by the words of Linux, macOS and Windows', async () => {
    const code = async (words: string): Promise<string> => (await serialError(new Error(words), '/dev/x')).code
    expect(await code('Error: No such file or directory, cannot open /dev/x')).toBe('port-not-found')
    expect(await code('Opening COM9: File not found')).toBe('port-not-found')
    expect(await code('Error Resource temporarily unavailable Cannot lock port')).toBe('port-busy')
    expect(await code('Error: Device or resource busy, cannot open /dev/x')).toBe('port-busy')
    expect(await code('Error: Input/output error, cannot open')).toBe('port-failed')
  })
})
