import type { PowerSaveBlocker } from 'electron'

/** Keeps the computer awake exactly while a recording runs. */
export class RecordingPower {
  readonly #blocker: PowerSaveBlocker
  #id: number | null = null

  constructor(blocker: PowerSaveBlocker) {
    this.#blocker = blocker
  }

  update(recording: boolean): void {
    if (recording && this.#id === null) this.#id = this.#blocker.start('prevent-display-sleep')
    else if (!recording && this.#id !== null) {
      this.#blocker.stop(this.#id)
      this.#id = null
    }
  }
}
