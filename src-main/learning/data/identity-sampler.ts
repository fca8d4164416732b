import { LabError } from '../../contract/index.ts'
import { Random } from '../../curation/random.ts'
import type { WindowSet } from './window-set.ts'

export interface IdentityBatchOptions {
  /** P: people of one batch, all different. */
  readonly identities: number
  /** K: windows of each of them. */
  readonly perIdentity: number
  readonly seed: number
}

/** Where a sampler stands: with the same windows and options it goes on from here as if it had never stopped. */
export interface SamplerState {
  readonly epoch: number
  /** Batches of the epoch that were given out. */
  readonly batch: number
}

/**
 * Batches of P people with K windows each, for batch-hard triplets and for balanced classes (Hermans et al. 2017; recognition.md A0.6). The K windows of a person come from two or more of their recordings
 * when they have them, so that the nearest positive is not the neighbouring beat. An epoch gives out every window once, but for two things: groups and the last batch are filled up with windows that were
 * there already, and where one person has more windows than all others can accompany, the epoch ends with the others; what was not given out is drawn anew in the next epoch.
 *
 * Every epoch is shuffled by a stream of its own, so that the state is two numbers.
 * @example 90 people with 80 windows each, P = 16, K = 4: 113 batches of 64 windows
 */
export class IdentitySampler {
  readonly batchesPerEpoch: number
  readonly #options: IdentityBatchOptions
  readonly #people: readonly Person[]
  #epoch: number
  #batch: number
  #plan: Int32Array

  /**
   * @param rows the windows of `set` that train
   * @throws LabError `training-impossible` for fewer than P people; `request-invalid` for P below 2, K below 1, and a state that cannot be.
   */
  constructor(set: Pick<WindowSet, 'subject' | 'recording'>, rows: Int32Array, options: IdentityBatchOptions, state: SamplerState = { epoch: 0, batch: 0 }) {
    const { identities, perIdentity } = options
    if (!(Number.isInteger(identities) && identities >= 2 && Number.isInteger(perIdentity) && perIdentity >= 1)) {
      throw new LabError('request-invalid', `Batches of ${identities} people with ${perIdentity} windows each cannot be made.`, { identities, perIdentity })
    }
    this.#options = options
    this.#people = peopleOf(set, rows, perIdentity)
    if (this.#people.length < identities) {
      throw new LabError('training-impossible', `A batch needs ${identities} people; the training part has ${this.#people.length}.`, { subjects: this.#people.length, needed: identities })
    }
    this.batchesPerEpoch = batchesOf(this.#people.map(({ groups }) => groups), identities)
    if (!(Number.isInteger(state.epoch) && state.epoch >= 0 && Number.isInteger(state.batch) && state.batch >= 0 && state.batch <= this.batchesPerEpoch)) {
      throw new LabError('request-invalid', `A sampler with ${this.batchesPerEpoch} batches per epoch cannot stand at epoch ${state.epoch}, batch ${state.batch}.`, { ...state })
    }
    this.#epoch = state.epoch
    this.#batch = state.batch
    this.#plan = this.#shuffled()
  }

  /** What `next` gives out next. */
  get state(): SamplerState {
    return this.#batch < this.batchesPerEpoch ? { epoch: this.#epoch, batch: this.#batch } : { epoch: this.#epoch + 1, batch: 0 }
  }

  /** P x K windows, person by person; a view that stays as it is. */
  next(): Int32Array {
    if (this.#batch === this.batchesPerEpoch) {
      this.#epoch++
      this.#batch = 0
      this.#plan = this.#shuffled()
    }
    const size = this.#options.identities * this.#options.perIdentity
    return this.#plan.subarray(this.#batch * size, ++this.#batch * size)
  }

  #shuffled(): Int32Array {
    const { identities, perIdentity, seed } = this.#options
    const random = Random.of(`batches of epoch ${this.#epoch}`, seed)
    const dealt = this.#people.map((person) => random.shuffled(deal(person, perIdentity, random)))
    const plan = new Int32Array(this.batchesPerEpoch * identities * perIdentity)
    const batches = random.shuffled(schedule(this.#people.map(({ groups }) => groups), identities, random))
    let at = 0
    const used = dealt.map(() => 0)
    for (const batch of batches) {
      for (const person of batch) {
        // The last batch is filled up with groups that were there before.
        const groups = dealt[person]
        plan.set(groups[used[person]++ % groups.length], at)
        at += perIdentity
      }
    }
    return plan
  }
}

interface Person {
  /** Windows by recording, the recording with most first. */
  readonly recordings: readonly (readonly number[])[]
  /** Of K windows each, in an epoch. */
  readonly groups: number
}

/** So many groups that no recording must fill one alone: with m of n windows from one recording, n / K and m / (K - 1). */
function peopleOf({ subject, recording }: Pick<WindowSet, 'subject' | 'recording'>, rows: Int32Array, perIdentity: number): Person[] {
  const bySubject = new Map<number, Map<number, number[]>>()
  for (const row of rows) {
    const own = bySubject.get(subject[row]) ?? new Map<number, number[]>()
    bySubject.set(subject[row], own)
    const windows = own.get(recording[row])
    if (windows) windows.push(row)
    else own.set(recording[row], [row])
  }
  return [...bySubject].sort(([a], [b]) => a - b).map(([, own]) => {
    const recordings = [...own].sort(([a, m], [b, n]) => n.length - m.length || a - b).map(([, windows]) => windows)
    const windows = recordings.reduce((sum, { length }) => sum + length, 0)
    const mixed = recordings.length > 1 && perIdentity > 1 ? Math.ceil(recordings[0].length / (perIdentity - 1)) : 0
    return { recordings, groups: Math.max(Math.ceil(windows / perIdentity), mixed) }
  })
}

/** Deals a person's windows like cards, recording by recording, so that every group gets of each as much as any other; then fills up the groups. */
function deal({ recordings, groups }: Person, perIdentity: number, random: Random): number[][] {
  const dealt = Array.from({ length: groups }, (): number[] => [])
  const from = Array.from({ length: groups }, () => new Set<number>())
  let at = 0
  for (const [place, windows] of recordings.entries()) {
    for (const window of random.shuffled(windows)) {
      dealt[at % groups].push(window)
      from[at++ % groups].add(place)
    }
  }
  for (const [k, group] of dealt.entries()) {
    while (group.length < perIdentity) {
      const others = [...recordings.keys()].filter((place) => from[k].size > 1 || recordings.length === 1 || !from[k].has(place))
      const place = others[random.below(others.length)]
      group.push(drawn(recordings[place], group, random))
      from[k].add(place)
    }
  }
  return dealt
}

/** A window that the group has not got, as long as there is any. A day has a hundred thousand: they are not walked through. */
function drawn(windows: readonly number[], group: readonly number[], random: Random): number {
  const exhausted = windows.every((window) => group.includes(window))
  for (;;) {
    const window = windows[random.below(windows.length)]
    if (exhausted || !group.includes(window)) return window
  }
}

/** Batches until fewer than P people have a group left; those who do get one more, with others to fill it. */
function schedule(groups: readonly number[], identities: number, random: Random): number[][] {
  const left = [...groups]
  const batches: number[][] = []
  for (;;) {
    // Whoever has most left must be in: else nobody would be there to go with the rest. Equals in random order.
    const order = random.shuffled([...left.keys()]).sort((a, b) => left[b] - left[a])
    const batch = order.slice(0, identities)
    const owing = batch.filter((person) => left[person] > 0).length
    if (owing === 0) return batches
    batches.push(batch)
    if (owing < identities) return batches
    for (const person of batch) left[person]--
  }
}

/** How many batches `schedule` makes: it depends on the counts only. */
function batchesOf(groups: readonly number[], identities: number): number {
  const left = Int32Array.from(groups)
  for (let batches = 0; ; batches++) {
    left.sort().reverse()
    if (left[0] === 0) return batches
    if (left[identities - 1] === 0) return batches + 1
    for (let k = 0; k < identities; k++) left[k]--
  }
}
