/** How a number lies in the payload; everything is little-endian in every firmware (OpenView 2's README says otherwise). */
export type FieldType = 'u8' | 'i16' | 'u16' | 'i32'

/** A lane's sample in the payload. */
export interface LaneField {
  readonly lane: string
  readonly at: number
  readonly type: FieldType
}

/** Something that the board computed itself. `scale`: what the wire's integer is divided by. */
export interface StatusField {
  readonly name: 'spo2Percent' | 'heartRateBpm' | 'respirationBpm' | 'temperatureCelsius' | 'rrIntervalMs' | 'leadStatus'
  readonly at: number
  readonly type: FieldType
  readonly scale: number
}

/** One board-and-sketch combination: the payload of its type 02 frames, as its FIRMWARE sends it (the vendor's decoder differs for four). */
export interface OpenViewVariant {
  readonly id: string
  readonly payloadBytes: number
  readonly lanes: readonly LaneField[]
  readonly status: readonly StatusField[]
  /** Zero bytes before the first field: the sketch sends a longer packet than it fills. A frame without them is another board's. */
  readonly paddingBytes: number
  /** Bytes that are always the same: payload offset, value. */
  readonly constants: readonly (readonly [at: number, value: number])[]
  /** Payload offset of the lead status, whose low 5 bits are 0 when all leads are on; -1: not sent. */
  readonly leadStatusAt: number
  /** The firmware sends 0 for this lane while a lead is off. */
  readonly zeroWhenLeadOff: string | null
  /** What the sketch prints at power-up. */
  readonly bootText: string
}

const arduinoBoot = 'Initiliziation is done\r\n'

function lane(name: string, at: number, type: FieldType): LaneField {
  return { lane: name, at, type }
}

function status(name: StatusField['name'], at: number, type: FieldType = 'u8', scale = 1): StatusField {
  return { name, at, type, scale }
}

const plain = { paddingBytes: 0, constants: [], leadStatusAt: -1, zeroWhenLeadOff: null, bootText: arduinoBoot, status: [] } as const

/**
 * Sources, by repository of github.com/Protocentral: protocentral_healthypi5_zephyr 2c8eb00 (app/src/data_module.c), _healthypi_v4
 * 030856e, -ads1292r-arduino 68a1009 (Example-1), -ads1293-arduino 6a36ad4 (03-5-lead-ECG-openview), -afe4490-arduino b99e323 (Example-1),
 * _max86150_ecg_ppg 361ec56 (Example3), _max30003 343ad18 (new) and ee2ce11 (old).
 */
export const openViewVariants: readonly OpenViewVariant[] = [
  {
    ...plain,
    id: 'healthypi5',
    payloadBytes: 22,
    // Byte 8, "bioz skip", is 00 or FF in the source and always 00 now: not used.
    lanes: [lane('ecg', 0, 'i32'), lane('bioz', 4, 'i32'), lane('red', 9, 'i32'), lane('ir', 13, 'i32')],
    status: [
      status('temperatureCelsius', 17, 'i16', 100),
      status('spo2Percent', 19),
      status('heartRateBpm', 20),
      status('respirationBpm', 21),
    ],
    bootText: '',
  },
  {
    ...plain,
    id: 'healthypi4',
    payloadBytes: 20,
    lanes: [lane('ecg', 0, 'i16'), lane('resp', 2, 'i16'), lane('ir', 4, 'i32'), lane('red', 8, 'i32')],
    status: [
      status('temperatureCelsius', 12, 'i16', 100),
      status('respirationBpm', 14),
      status('spo2Percent', 15),
      status('heartRateBpm', 16),
      status('leadStatus', 19),
    ],
    // Blood pressure that was never measured: 80 and 120, the same for everybody. Must not be stored.
    constants: [
      [17, 80],
      [18, 120],
    ],
    leadStatusAt: 19,
    zeroWhenLeadOff: 'ecg',
    bootText: '',
  },
  {
    ...plain,
    id: 'ads1292r',
    payloadBytes: 9,
    lanes: [lane('ecg', 0, 'i16'), lane('resp', 2, 'i16')],
    // The vendor's decoder reads these two the other way round.
    status: [status('respirationBpm', 4, 'i16'), status('heartRateBpm', 6, 'i16')],
    zeroWhenLeadOff: 'ecg',
  },
  {
    ...plain,
    id: 'ads1293',
    payloadBytes: 12,
    lanes: [lane('ch1', 0, 'i32'), lane('ch2', 4, 'i32'), lane('ch3', 8, 'i32')],
  },
  {
    ...plain,
    id: 'afe4490',
    payloadBytes: 10,
    // The vendor's decoder takes red for infrared and heart rate for SpO2.
    lanes: [lane('ir', 0, 'i32'), lane('red', 4, 'i32')],
    status: [status('spo2Percent', 8), status('heartRateBpm', 9)],
  },
  {
    ...plain,
    id: 'max86150',
    payloadBytes: 6,
    lanes: [lane('ecg', 0, 'i16'), lane('ir', 2, 'u16'), lane('red', 4, 'u16')],
  },
  {
    ...plain,
    id: 'max30003',
    payloadBytes: 17,
    paddingBytes: 5,
    lanes: [lane('ecg', 5, 'i32')],
    status: [status('rrIntervalMs', 9, 'u16'), status('heartRateBpm', 13, 'u16')],
  },
  {
    ...plain,
    id: 'max30003-old',
    payloadBytes: 12,
    paddingBytes: 5,
    lanes: [lane('ecg', 5, 'i32')],
    // The old sketch writes the heart rate behind its array and never sends it.
    status: [status('rrIntervalMs', 9, 'u16')],
  },
]

/** HealthyPi 5's batches (types 03 and 04) do not fit the table: see batches.ts. */
export const batchVariant = 'healthypi5-ov3'
