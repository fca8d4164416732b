import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'

/** Milliseconds of each step: on the clock, and of the processor (all threads together). */
export interface Timings {
  readonly wall: readonly number[]
  readonly cpu: readonly number[]
}

/** A peer in a process of its own, which answers every line of its stdin with one line of JSON: both sides of a comparison can take turns. */
export class StepProcess {
  readonly #child: ChildProcess
  readonly #lines: Interface
  readonly #waiting: ((line: string) => void)[] = []
  #ended: string | null = null

  private constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })
    this.#lines.on('line', (line) => this.#waiting.shift()?.(line))
    const end = (reason: string): void => {
      this.#ended ??= reason
      for (const waiting of this.#waiting.splice(0)) waiting(JSON.stringify({ missing: reason }))
    }
    this.#child.on('error', (error) => end(error.message))
    this.#child.on('close', (code) => end(`it ended with ${code}`))
  }

  /** Prints one SKIPPED line and returns null where the peer cannot start. */
  static async start(name: string, program: string, args: readonly string[]): Promise<{ peer: StepProcess; version: string } | null> {
    const peer = new StepProcess(program, args)
    const { version, missing } = await peer.#next<{ version?: string; missing?: string }>()
    if (version !== undefined) return { peer, version }
    console.log(`SKIPPED: ${name} is no part of this comparison (${missing ?? 'it does not answer'}).`)
    peer.stop()
    return null
  }

  #next<Answer>(): Promise<Answer> {
    return new Promise((resolve) => {
      if (this.#ended === null) this.#waiting.push((line) => resolve(JSON.parse(line) as Answer))
      else resolve({ missing: this.#ended } as Answer)
    })
  }

  async ask<Answer>(command: string): Promise<Answer> {
    const answer = this.#next<Answer & { missing?: string }>()
    this.#child.stdin?.write(`${command}\n`)
    const { missing } = await answer
    if (missing !== undefined) throw new Error(`The peer does not answer '${command}': ${missing}`)
    return answer
  }

  stop(): void {
    this.#child.stdin?.end()
  }
}

/** One timed step after another. */
export async function timed(count: number, work: () => Promise<unknown>): Promise<Timings> {
  const [wall, cpu]: [number[], number[]] = [[], []]
  for (let i = 0; i < count; i++) {
    const [began, before] = [performance.now(), process.cpuUsage()]
    await work()
    wall.push(performance.now() - began)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1000)
  }
  return { wall, cpu }
}

/** @example quantile([4, 1, 3, 2], 0.5) // 2.5 */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const place = part * (sorted.length - 1)
  const below = Math.floor(place)
  return sorted[below] + (place - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below])
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)
