import { basename, join } from 'node:path'
import { z } from 'zod'
import { LabError, ModelName, TemplateInfo, type SubjectCode } from '../contract/index.ts'
import { writeAtomically, type Files } from './files.ts'

/** The template of one person: a unit-length mean embedding, and where it is from. */
export interface Template {
  readonly info: TemplateInfo
  readonly vector: Float32Array
}

const TemplateContent = z.object({
  formatVersion: z.literal(1),
  model: ModelName,
  modelHash: z.string(),
  info: TemplateInfo,
  vector: z.array(z.number()).min(1),
})
type TemplateContent = z.infer<typeof TemplateContent>

const folderName = 'templates'
const ending = '.json'

/**
 * Enrolled people of one model of a run: runs/<id>/templates/<model>/<CODE>.json, one file each. Templates are biometric data: a person's goes with the person, whatever else is in the
 * folder, and never with an export.
 */
export class TemplateFiles {
  readonly #files: Files
  readonly #folder: string
  readonly #model: ModelName
  readonly #modelHash: string

  /** `runPath`: folder of the run. `modelHash`: of the model as it is now. */
  constructor(files: Files, runPath: string, model: ModelName, modelHash: string) {
    this.#files = files
    this.#folder = join(runPath, folderName, model)
    this.#model = model
    this.#modelHash = modelHash
  }

  /** By code. @throws LabError `model-mismatch` when somebody was enrolled with another model than the run has now, `run-invalid`. */
  async read(): Promise<Template[]> {
    const templates: Template[] = []
    for (const path of await this.#paths()) {
      const { modelHash, info, vector } = await this.#content(path)
      if (modelHash !== this.#modelHash) {
        const data = { model: this.#model, subject: info.subject, enrolled: modelHash, now: this.#modelHash }
        throw new LabError('model-mismatch', `${info.subject} was enrolled with another "${this.#model}" model than the one that the run has now.`, data)
      }
      templates.push({ info, vector: Float32Array.from(vector) })
    }
    return templates.sort((a, b) => (a.info.subject < b.info.subject ? -1 : 1))
  }

  /** Enrols, in place of what a person had before; who was enrolled with another model has to be enrolled anew, and goes. @throws LabError of writing. */
  async write(templates: readonly Template[]): Promise<void> {
    await this.#files.makeFolder(this.#folder)
    for (const path of await this.#paths()) if (!(await this.#isCurrent(path))) await this.#files.remove(path)
    for (const { info, vector } of templates) {
      const content: TemplateContent = { formatVersion: 1, model: this.#model, modelHash: this.#modelHash, info, vector: Array.from(vector) }
      await writeAtomically(this.#files, this.#path(info.subject), `${JSON.stringify(content)}\n`)
    }
  }

  /** Whatever model it is of. `false`: there was none. */
  async remove(subject: SubjectCode): Promise<boolean> {
    const path = this.#path(subject)
    if ((await this.#files.stat(path)) === null) return false
    await this.#files.remove(path)
    return true
  }

  /** Differs whenever somebody was enrolled or removed since. */
  async stamp(): Promise<string> {
    const found = await Promise.all((await this.#paths()).map(async (path) => [path, await this.#files.stat(path)] as const))
    return found.map(([path, is]) => `${path} ${is?.modifiedMs} ${is?.bytes}`).join('\n')
  }

  #path(subject: SubjectCode): string {
    return join(this.#folder, `${subject}${ending}`)
  }

  async #paths(): Promise<string[]> {
    if ((await this.#files.stat(this.#folder)) === null) return []
    return (await this.#files.list(this.#folder)).flatMap(({ name, folder }) => (folder || !name.endsWith(ending) ? [] : [join(this.#folder, name)])).sort()
  }

  async #isCurrent(path: string): Promise<boolean> {
    try {
      return (await this.#content(path)).modelHash === this.#modelHash
    } catch (thrown) {
      if (LabError.from(thrown).code !== 'run-invalid') throw thrown
      return false
    }
  }

  async #content(path: string): Promise<TemplateContent> {
    const text = new TextDecoder().decode(await this.#files.readFile(path))
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (thrown) {
      throw damaged(path, thrown instanceof Error ? thrown.message : String(thrown))
    }
    const read = TemplateContent.safeParse(value)
    // Erasure goes by the file's name: nobody may hide behind another one's.
    if (read.success && basename(path) !== `${read.data.info.subject}.json`) throw damaged(path, `it is a template of ${read.data.info.subject}`)
    if (read.success) return read.data
    throw damaged(path, `${read.error.issues[0].path.map(String).join('.')}: ${read.error.issues[0].message}`)
  }
}

const damaged = (path: string, reason: string): LabError => new LabError('run-invalid', `${path} is damaged: ${reason}.`, { path, reason })

/** Removes whatever of these people is in a run's folder, half-written files too; nothing has to be readable for that. `codes` in lower case. @throws LabError of writing. */
export async function removeTemplates(files: Files, runPath: string, codes: ReadonlySet<string>): Promise<void> {
  const root = join(runPath, folderName)
  if ((await files.stat(root)) === null) return
  for (const model of await files.list(root)) {
    if (!model.folder) continue
    for (const { name } of await files.list(join(root, model.name))) {
      const code = /^(.*)\.json(\.part)?$/.exec(name)?.[1]
      if (code !== undefined && codes.has(code.toLowerCase())) await files.remove(join(root, model.name, name))
    }
  }
}
