import type { Alarm } from '../../src-main/contract/schemas/acquisition.ts'

/** Two falling tones every few seconds while an alarm is active and nobody has acknowledged it (after IEC 60601-1-8's burst and pause, not its exact pattern). */
const periodMs = 2500
const tonesHz = [880, 660]
const toneSeconds = 0.18
const loudness = 0.18

/** The audible side of the alarms. Browsers allow sound only after a person has touched the page; until then it is silent. */
export class AlarmSound {
  #context: AudioContext | null = null
  #timer: ReturnType<typeof setInterval> | null = null

  /** Sounds while any alarm is active and not acknowledged. */
  follow(alarms: readonly Alarm[]): void {
    const loud = alarms.some((alarm) => alarm.active && !alarm.acknowledged)
    if (loud && this.#timer === null) {
      this.#burst()
      this.#timer = setInterval(() => this.#burst(), periodMs)
    } else if (!loud && this.#timer !== null) {
      clearInterval(this.#timer)
      this.#timer = null
    }
  }

  #burst(): void {
    if (typeof AudioContext === 'undefined') return
    if (typeof navigator !== 'undefined' && navigator.userActivation?.hasBeenActive === false) return
    this.#context ??= new AudioContext()
    const context = this.#context
    tonesHz.forEach((frequency, index) => {
      const from = context.currentTime + index * (toneSeconds + 0.06)
      const oscillator = context.createOscillator()
      const gain = context.createGain()
      oscillator.frequency.value = frequency
      gain.gain.setValueAtTime(0, from)
      gain.gain.linearRampToValueAtTime(loudness, from + 0.02)
      gain.gain.linearRampToValueAtTime(0, from + toneSeconds)
      oscillator.connect(gain).connect(context.destination)
      oscillator.start(from)
      oscillator.stop(from + toneSeconds)
    })
  }
}
