import errorsDocument from '../../../resources/errors.md?raw'
import { LabError } from '../../contract/index.ts'
import { printable } from './run-words.ts'

/** Exit codes of every command. */
export const exitCode = { done: 0, failed: 1, usage: 2, lossy: 3 } as const

export interface OutputOptions {
  readonly json?: boolean | undefined
  /** stdout carries a board's bytes and takes no words. */
  readonly streams?: boolean | undefined
}

/** Where a command's words go: the result to stdout (one JSON object with `--json`), progress and errors to stderr. */
export class Output {
  readonly json: boolean
  /** Where the JSON object goes: stdout, unless that carries a board's bytes. */
  readonly #results: NodeJS.WriteStream
  readonly #isTerminal = process.stderr.isTTY === true
  #progressShown = false
  #lastPercent = -1

  constructor(options: OutputOptions) {
    this.json = options.json === true
    this.#results = options.streams === true ? process.stderr : process.stdout
  }

  /** The one result: `value` as JSON, or `lines` for a person. */
  result(value: unknown, lines: () => readonly string[]): void {
    this.#clearProgress()
    this.#results.write(this.json ? `${JSON.stringify(value)}\n` : `${lines().join('\n')}\n`)
  }

  /** A line for the person who waits. */
  note(text: string): void {
    this.#clearProgress()
    process.stderr.write(`${text}\n`)
  }

  /** A bar on a terminal, nothing elsewhere. */
  readonly progress = (done: number, total: number | null, unit = ''): void => {
    if (!this.#isTerminal) return
    const ratio = total ? Math.min(1, done / total) : 0
    const percent = Math.floor(ratio * 100)
    if (total && percent === this.#lastPercent) return
    this.#lastPercent = percent
    const width = 24
    const filled = Math.round(ratio * width)
    const bar = total ? `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${percent} %` : ''
    process.stderr.write(`\r\x1b[2K${bar} ${Math.round(done * 10) / 10}${total ? ` / ${Math.round(total * 10) / 10}` : ''} ${unit}`)
    this.#progressShown = true
  }

  fail(thrown: unknown): void {
    this.#clearProgress()
    const error = LabError.from(thrown)
    process.stderr.write(`${error.code}: ${printable(error.message)}\n`)
    const help = whatToDo(error.code)
    if (help) process.stderr.write(`${help}\n`)
    if (error.code === 'internal-error' && error.cause instanceof Error) process.stderr.write(`${error.cause.stack ?? ''}\n`)
    if (this.json) this.#results.write(`${JSON.stringify({ error: error.toWire() })}\n`)
  }

  #clearProgress(): void {
    if (this.#progressShown) process.stderr.write('\r\x1b[2K')
    this.#progressShown = false
    this.#lastPercent = -1
  }
}

/** The advice of resources/errors.md for a code. */
function whatToDo(code: string): string | null {
  const section = errorsDocument.split(/^## /m).find((part) => part.startsWith(`${code}\n`))
  return section?.match(/^What to do: (.+)$/m)?.[1] ?? null
}

/** Runs a command's work: turns errors into exit codes and Ctrl-C into an orderly end. */
export async function runCommand(
  options: OutputOptions,
  work: (output: Output, signal: AbortSignal) => Promise<number>,
): Promise<void> {
  const output = new Output(options)
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  try {
    process.exitCode = await work(output, controller.signal)
  } catch (thrown) {
    output.fail(thrown)
    process.exitCode = LabError.from(thrown).code === 'usage-invalid' ? exitCode.usage : exitCode.failed
  } finally {
    process.removeListener('SIGINT', stop)
    process.removeListener('SIGTERM', stop)
  }
}
