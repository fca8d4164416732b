import { join } from 'node:path'
import { Ablation, AblationId, LabError } from '../../contract/index.ts'
import { canonicalJson } from '../../curation/canonical-json.ts'
import { writeAtomically, type Files } from '../../dataset/files.ts'

/** The ablations of a dataset: ablations/<id>.json, written once. What became of their cells the runs say. */
export class AblationStore {
  readonly #files: Files
  readonly #root: string

  constructor(files: Files, datasetPath: string) {
    this.#files = files
    this.#root = join(datasetPath, 'ablations')
  }

  #path(id: AblationId): string {
    return join(this.#root, `${id}.json`)
  }

  /** Oldest first; those that cannot be read beside them. */
  async list(): Promise<{ readonly ablations: Ablation[]; readonly problems: { readonly id: string; readonly error: LabError }[] }> {
    const ablations: Ablation[] = []
    const problems: { id: string; error: LabError }[] = []
    for (const id of await this.#ids()) {
      try {
        ablations.push(await this.get(id))
      } catch (thrown) {
        problems.push({ id, error: LabError.from(thrown) })
      }
    }
    return { ablations: ablations.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1)), problems }
  }

  async #ids(): Promise<AblationId[]> {
    if ((await this.#files.stat(this.#root)) === null) return []
    return (await this.#files.list(this.#root)).flatMap(({ name, folder }) => (!folder && name.endsWith('.json') ? [AblationId.safeParse(name.slice(0, -5))] : [])).flatMap(({ data }) => data ?? [])
  }

  async has(id: AblationId): Promise<boolean> {
    return (await this.#files.stat(this.#path(id))) !== null
  }

  /** @throws LabError `ablation-not-found`, `grid-invalid` for a file that is damaged. */
  async get(id: AblationId): Promise<Ablation> {
    const path = this.#path(id)
    if (!(await this.has(id))) throw notFound(id)
    const damaged = (reason: string): LabError => new LabError('grid-invalid', `${path} is damaged: ${reason}`, { path, reason })
    let value: unknown
    try {
      value = JSON.parse(new TextDecoder().decode(await this.#files.readFile(path)))
    } catch (thrown) {
      if (thrown instanceof LabError) throw thrown
      throw damaged(thrown instanceof Error ? thrown.message : String(thrown))
    }
    const read = Ablation.safeParse(value)
    if (!read.success) throw damaged(`${read.error.issues[0].path.map(String).join('.')}: ${read.error.issues[0].message}`)
    if (read.data.id !== id) throw damaged(`it says that it is ${read.data.id}`)
    return withRecipesAsWritten(read.data, value as Ablation)
  }

  /** An id, a beginning of one that fits only one, or a name, the newest of several. @throws LabError `ablation-not-found` with `matches`. */
  async find(text: string): Promise<Ablation> {
    const wanted = text.trim()
    const { ablations, problems } = await this.list()
    const damaged = problems.find(({ id }) => id === wanted)
    if (damaged) throw damaged.error
    const newest = wanted === '' ? undefined : ablations.filter(({ id, name }) => id === wanted || name === wanted).at(-1)
    if (newest) return newest
    const matches = wanted === '' ? [] : ablations.filter(({ id }) => id.startsWith(wanted))
    if (matches.length === 1) return matches[0]
    throw notFound(text, matches.map(({ id }) => id))
  }

  /** For whoever has the dataset open for writing. @throws LabError of writing. */
  async create(ablation: Ablation): Promise<void> {
    await this.#files.makeFolder(this.#root)
    await writeAtomically(this.#files, this.#path(ablation.id), `${JSON.stringify(ablation, null, 1)}\n`)
  }
}

/** Reading fills in fields that the writer did not know yet; the cells of its runs are found by what it wrote. */
function withRecipesAsWritten(read: Ablation, { variants }: Ablation): Ablation {
  const isSame = (place: number): boolean => canonicalJson(read.variants[place].recipe) === canonicalJson(variants[place].recipe)
  return { ...read, variants: read.variants.map((variant, place) => (isSame(place) ? variant : { ...variant, asWritten: structuredClone(variants[place].recipe) })) }
}

const notFound = (text: string, matches: readonly string[] = []): LabError =>
  new LabError('ablation-not-found', matches.length === 0 ? `There is no ablation ${text} in this dataset.` : `${matches.length} ablations begin with ${text}.`, { ablation: text, matches: matches.slice(0, 20) })
