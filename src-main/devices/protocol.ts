import type { DeviceConfiguration, DeviceProfile, DeviceSettings } from '../contract/index.ts'
import type { Decoder } from './decoder.ts'

/** How a device session talks: injected, so that sessions are pure and testable. Times in ms. */
export interface DeviceIo {
  write(bytes: Uint8Array): Promise<void>
  /** Resolves with the bytes received since the previous wait once `done` says they are enough, or `null` after `timeoutMs`. */
  read(done: (received: Uint8Array) => boolean, timeoutMs: number): Promise<Uint8Array | null>
  /** Reads and drops until nothing has arrived for `quietMs`, at most `timeoutMs`. */
  drain(quietMs: number, timeoutMs: number): Promise<void>
  sleep(ms: number): Promise<void>
}

export interface StartedDevice {
  /** Identification as the device sent it; empty where it sends none. */
  readonly identity: string
  /** May differ from the asked one where the device decides (Shimmer's inquiry order, Cyton with Daisy attached). */
  readonly configuration: DeviceConfiguration
}

/**
 * A board as seen from its wire, for simulation: receives host commands, emits boot text, replies and frames. Pure: it has no clock,
 * the simulation calls `row` once per sampling instant.
 */
export interface Board {
  /** Bytes sent on power-up (boot text); may be empty. Resets counters. */
  boot(): Uint8Array
  /** Host bytes in, reply bytes out. May start or stop streaming. */
  receive(bytes: Uint8Array): Uint8Array
  readonly streaming: boolean
  /** Begin streaming without a command (`simulate --out FILE`). */
  startStreaming(): void
  /**
   * Bytes for one row of counts (lane order of the configuration), and the counter that they carry (-1: none); advances the counter. May be empty (first half of a pair).
   * Where the board sends something else than `counts` says (0 while a lead is off, an accelerometer value of its own rhythm), it changes
   * `counts` in place to what a decoder must find: the simulation's truth keeps that.
   */
  row(counts: Int32Array, status: BoardStatus): { bytes: Uint8Array; counter: number }
  /** Counter begins anew (brown-out, watchdog) with the board's own boot text, streaming goes on if the board does so. */
  restart(): Uint8Array
}

export interface BoardStatus {
  readonly leadOff: boolean
  readonly heartRateBpm: number
  readonly spo2Percent: number
  readonly respirationBpm: number
  readonly temperatureCelsius: number
}

/** A byte protocol: one file in devices/protocols, registered by its default place in that folder (see registry.ts). */
export interface Protocol {
  readonly id: string
  /** Lays `settings` over the profile's. @throws LabError `device-settings-invalid` with the setting's name and what is allowed. */
  configure(profile: DeviceProfile, settings: DeviceSettings): DeviceConfiguration
  createDecoder(configuration: DeviceConfiguration): Decoder
  /** Identify, set up and start streaming. @throws LabError `device-command-failed`, `device-silent`. Devices that stream by themselves just return. */
  start(io: DeviceIo, configuration: DeviceConfiguration): Promise<StartedDevice>
  /** Stop streaming where the device can. Never throws for a silent device. */
  stop(io: DeviceIo, configuration: DeviceConfiguration): Promise<void>
  createBoard(configuration: DeviceConfiguration, seed: number): Board
}
