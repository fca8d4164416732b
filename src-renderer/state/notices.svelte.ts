import { LabError } from '../../src-main/contract/errors.ts'

export interface Notice {
  id: number
  tone: 'good' | 'bad'
  text: string
  error: LabError | null
}

/** Good news leaves by itself; an error stays until a person has read it. */
const goodNewsMs = 4000

/** Short messages in the corner of the window. */
export class Notices {
  list = $state<Notice[]>([])
  #nextId = 1

  good(text: string): void {
    const id = this.#add({ tone: 'good', text, error: null })
    setTimeout(() => this.dismiss(id), goodNewsMs)
  }

  fail(thrown: unknown): void {
    const error = LabError.from(thrown)
    if (error.code === 'cancelled') return
    if (this.list.some((notice) => notice.error?.code === error.code && notice.error.message === error.message)) return
    if (error.code === 'internal-error') console.error(error.cause ?? error)
    this.#add({ tone: 'bad', text: '', error })
  }

  /** Runs `work`; a failure becomes a notice and `undefined`. */
  async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (thrown) {
      this.fail(thrown)
      return undefined
    }
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id)
  }

  #add(notice: Omit<Notice, 'id'>): number {
    const id = this.#nextId++
    this.list = [...this.list, { ...notice, id }].slice(-4)
    return id
  }
}
