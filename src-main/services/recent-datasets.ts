import { join } from 'node:path'
import { z } from 'zod'
import { LabError } from '../contract/index.ts'
import { nodeFiles, writeAtomically, type Files } from '../dataset/files.ts'

const Recent = z.array(z.object({ path: z.string(), name: z.string(), openedAt: z.string() }))
type Recent = z.infer<typeof Recent>

const most = 12

/** The datasets opened last on this machine, newest first, in `<config folder>/recent.json`. Convenience only: losing it loses nothing. */
export class RecentDatasets {
  readonly #folder: string
  readonly #files: Files
  #last: Promise<unknown> = Promise.resolve()

  constructor(folder: string, files: Files = nodeFiles) {
    this.#folder = folder
    this.#files = files
  }

  get #path(): string {
    return join(this.#folder, 'recent.json')
  }

  /** With `exists`: whether a dataset is still there. An unreadable list is an empty one. */
  async list(): Promise<(Recent[number] & { exists: boolean })[]> {
    return Promise.all((await this.#read()).map(async (entry) => ({ ...entry, exists: await this.#exists(entry.path) })))
  }

  async #exists(path: string): Promise<boolean> {
    try {
      return (await this.#files.stat(join(path, 'dataset.json'))) !== null
    } catch (thrown) {
      // An unplugged disk or a folder without permission: there, maybe, but not for us now.
      if (thrown instanceof LabError) return false
      throw thrown
    }
  }

  async #read(): Promise<Recent> {
    if ((await this.#files.stat(this.#path)) === null) return []
    try {
      return Recent.catch([]).parse(JSON.parse(new TextDecoder().decode(await this.#files.readFile(this.#path))))
    } catch (thrown) {
      if (thrown instanceof SyntaxError || thrown instanceof LabError) return []
      throw thrown
    }
  }

  /** Puts a dataset first. A list that cannot be written (read-only home) is no reason not to open a dataset. */
  remember(path: string, name: string, openedAt: string): Promise<void> {
    const work = this.#last.then(async () => {
      const others = (await this.#read()).filter((entry) => entry.path !== path)
      await this.#files.makeFolder(this.#folder)
      await writeAtomically(this.#files, this.#path, `${JSON.stringify([{ path, name, openedAt }, ...others].slice(0, most), null, 2)}\n`)
    })
    this.#last = work.catch((thrown: unknown) => {
      if (!(thrown instanceof LabError)) throw thrown
    })
    return this.#last as Promise<void>
  }
}
