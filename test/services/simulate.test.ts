import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noValue } from '../../src-main/contract/index.ts'
import { configureDevice, deviceProtocol } from '../../src-main/devices/registry.ts'
import { readNpz } from '../../src-main/formats/npz.ts'
import { runSimulate, type SimulateOptions } from '../../src-main/services/simulate.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pulseprint-simulate-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const data = process.env.PULSEPRINT_DATA ?? resolve(import.meta.dirname, '../../../shared/data')
let files = 0

async function toFile(options: Partial<SimulateOptions> & { truth?: boolean } = {}) {
  const path = join(folder, `stream-${++files}.bin`)
  const truthPath = options.truth === false ? null : `${path}.npz`
  const result = await runSimulate({ device: 'cyton', source: 'demo:7', seconds: 4, ...options, out: { kind: 'file', path }, truthPath })
  return { path, truthPath: truthPath ?? '', result, bytes: new Uint8Array(readFileSync(path)) }
}

/** NPZ by Python's standard library alone, as somebody else would read it: names, types, shapes and a few values. */
function pythonNpz(path: string): Record<string, { descr: string; shape: number[]; values: (number | string)[] }> {
  const script = `
import ast, json, struct, sys, zipfile
out = {}
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    for name in z.namelist():
        raw = z.read(name)
        assert raw[:6] == b'\\x93NUMPY'
        length = struct.unpack('<H', raw[8:10])[0]
        head = ast.literal_eval(raw[10:10 + length].decode())
        body = raw[10 + length:]
        d = head['descr']
        if d[1] == 'U':
            size = int(d[2:]) * 4
            values = [body[i:i + size].decode('utf-32-le').rstrip('\\0') for i in range(0, len(body), size)]
        else:
            code = {'<i4': 'i', '<f8': 'd', '|u1': 'B'}[d]
            values = list(struct.unpack('<%d%s' % (len(body) // struct.calcsize(code), code), body))
        out[name[:-4]] = {'descr': d, 'shape': list(head['shape']), 'values': values}
print(json.dumps(out))
`
  return JSON.parse(execFileSync('python3', ['-c', script, path], { maxBuffer: 1 << 28 }).toString())
}

describe('simulate to a file', () => {
  it('writes the same bytes and the same truth for the same options', async () => {
    const faults = 'drop=5@1,flip=0.001,ppm=80'
    const [a, b] = [await toFile({ faults }), await toFile({ faults })]
    expect(a.bytes).toEqual(b.bytes)
    expect(readFileSync(a.truthPath)).toEqual(readFileSync(b.truthPath))
    expect(a.result).toEqual(b.result)
    expect((await toFile({ faults, seed: 2 })).bytes).not.toEqual(a.bytes)
    expect((await toFile({ faults, source: 'demo:7:2' })).bytes).not.toEqual(a.bytes)
  })

  it('writes a truth that another program reads, equal to the packets on the wire', async () => {
    const { bytes, truthPath, result } = await toFile({ faults: 'drop=3@1' })
    const truth = pythonNpz(truthPath)
    expect(Object.fromEntries(Object.entries(truth).map(([name, array]) => [name, array.descr.replace(/\d+$/, (digits) => (array.descr[1] === 'U' ? '' : digits))]))).toEqual({
      counts: '<i4', times: '<f8', counters: '<i4', epochs: '<i4', sent: '|u1', beats: '<i4', events: '<U',
    })
    expect(truth.counts.shape).toEqual([1000, 11])
    expect(result).toEqual({ bytes: 33 * 997, rows: 1000, seconds: 4, sent: 997, dropped: 3 })
    // Every Cyton packet read by hand: A0, counter, 8 x i24 big-endian (devices.md B.2).
    const sent = truth.sent.values.flatMap((value, row) => (value === 1 ? [row] : []))
    expect(bytes.length).toBe(33 * sent.length)
    sent.forEach((row, packet) => {
      const at = 33 * packet
      expect(bytes[at + 1]).toBe(truth.counters.values[row])
      for (let lane = 0; lane < 8; lane++) {
        const value = ((bytes[at + 2 + 3 * lane] << 24) | (bytes[at + 3 + 3 * lane] << 16) | (bytes[at + 4 + 3 * lane] << 8)) >> 8
        if (value !== truth.counts.values[row * 11 + lane]) expect(value, `row ${row} lane ${lane}`).toBe(truth.counts.values[row * 11 + lane])
      }
      const accelerated = bytes.subarray(at + 26, at + 32).some((byte) => byte !== 0)
      expect(truth.counts.values[row * 11 + 8] !== noValue).toBe(accelerated)
    })
    expect(truth.events.values.map((text) => JSON.parse(String(text)).kind)).toEqual(['start', 'drop'])
    expect(truth.beats.shape[1]).toBe(2)
  })

  it('replays a record with its counts unchanged, to its end', async (context) => {
    if (!existsSync(join(data, 'bidmc/bidmc01.hea'))) {
      console.log('SKIPPED: BIDMC records are not here')
      return context.skip()
    }
    const { result, truthPath } = await toFile({ device: 'healthypi5', source: `wfdb:${join(data, 'bidmc/bidmc01')}`, seconds: null })
    expect(result.rows).toBe(60001)
    const { counts } = readNpz(new Uint8Array(readFileSync(truthPath)))
    // II is the fifth of five interleaved 16-bit signals, PLETH the second (bidmc01.hea).
    const stored = new DataView(new Uint8Array(readFileSync(join(data, 'bidmc/bidmc01.dat'))).buffer)
    for (let row = 0; row < 60001; row += 997) expect(counts.data[row * 4]).toBe(stored.getInt16((row * 5 + 4) * 2, true))
    // PLETH needs 16 bits and the board has 14: mapped, monotonically.
    const pleth = Array.from({ length: 2000 }, (_, row) => [stored.getInt16((row * 5 + 1) * 2, true), Number(counts.data[row * 4 + 2])]).sort((a, b) => a[0] - b[0])
    expect(pleth.every(([, value], i) => i === 0 || value >= pleth[i - 1][1])).toBe(true)
  })

  it('refuses what it cannot do, with a code and leaving nothing behind', async () => {
    const code = (options: Partial<SimulateOptions>): Promise<unknown> => toFile(options).then(() => null, (error: { code?: string }) => error.code)
    expect(await code({ device: 'toaster' })).toBe('device-unknown')
    expect(await code({ source: 'demo:x' })).toBe('source-invalid')
    expect(await code({ source: 'radio' })).toBe('source-invalid')
    expect(await code({ source: 'wfdb:/nowhere/rec_1' })).toBe('source-invalid')
    expect(await code({ faults: 'drop=many@3' })).toBe('fault-invalid')
    expect(await code({ seconds: null })).toBe('usage-invalid')
    writeFileSync(join(folder, 'broken.hea'), 'broken 1 250 100\nbroken.dat 999 200 12 0 0 0 0 ECG\n')
    expect(await code({ source: `wfdb:${join(folder, 'broken')}` })).toBe('source-invalid')
    const missing = runSimulate({ device: 'cyton', source: 'demo:1', seconds: 1, out: { kind: 'file', path: join(folder, 'no', 'such', 'file') } })
    await expect(missing).rejects.toMatchObject({ code: 'file-not-found' })
    const cancelled = new AbortController()
    cancelled.abort()
    const path = join(folder, 'cancelled.bin')
    await expect(runSimulate({ device: 'cyton', source: 'demo:1', seconds: 1, out: { kind: 'file', path }, signal: cancelled.signal })).rejects.toMatchObject({ code: 'cancelled' })
    expect(existsSync(path)).toBe(false)
  })
})

describe('simulate to a stream', () => {
  function stream(options: Partial<SimulateOptions> = {}) {
    const output = new PassThrough()
    const input = new PassThrough()
    const received: Buffer[] = []
    output.on('data', (chunk: Buffer) => received.push(chunk))
    const truthPath = join(folder, `truth-${++files}.npz`)
    const controller = new AbortController()
    const done = runSimulate({ device: 'cyton', source: 'demo:7', seconds: null, ...options, out: { kind: 'stream', output, input }, truthPath, signal: controller.signal })
    const text = (): string => Buffer.concat(received).toString('latin1')
    const until = async (enough: () => boolean): Promise<void> => {
      while (!enough()) await new Promise((next) => setTimeout(next, 5))
    }
    return { output, input, received, truthPath, done, controller, text, until }
  }

  it('obeys the host: silent, identifies itself, streams after b, and its truth is what came', async () => {
    const { input, received, until, text, done, truthPath, controller } = stream()
    input.write('v')
    await until(() => text().includes('$$$'))
    expect(text()).toContain('OpenBCI V3')
    received.length = 0
    input.write('b')
    await until(() => text().length > 33 * 100)
    controller.abort()
    const result = await done
    const configuration = configureDevice('cyton')
    const decoder = deviceProtocol(configuration.protocol).createDecoder(configuration)
    const truth = readNpz(new Uint8Array(readFileSync(truthPath)))
    const block = decoder.feed(Buffer.concat(received), 0)
    expect(block.rows).toBeGreaterThan(95)
    expect(Array.from(block.counts.subarray(0, block.rows * 11))).toEqual(Array.from(truth.counts.data, Number).slice(0, block.rows * 11))
    expect(result.sent).toBeGreaterThanOrEqual(block.rows)
  })

  it('ends with its truth written when the reader goes away', async () => {
    const { output, input, until, text, done, truthPath } = stream()
    input.write('b')
    await until(() => text().length > 33 * 10)
    output.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    const result = await done
    expect(result.rows).toBeGreaterThan(9)
    expect(readNpz(new Uint8Array(readFileSync(truthPath))).counts.shape).toEqual([result.rows, 11])
  })

  it('ends when the commands end before any has started the board, and goes on when it streams', async () => {
    const idle = stream()
    idle.input.end()
    expect((await idle.done).rows).toBe(0)
    const running = stream({ device: 'ads1292r', seconds: 0.5 })
    running.input.end()
    const result = await running.done
    expect(result.rows).toBe(62)
    expect(result.seconds).toBeCloseTo(0.5, 6)
    expect(Buffer.concat(running.received).length).toBe(result.bytes)
  })
})
