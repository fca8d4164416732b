import { LabError } from '../../contract/index.ts'

type When = 'never' | 'optional' | 'required'

interface FaultRule {
  /** What the number is; `null` where the fault takes none. */
  readonly value: { readonly unit: string; readonly minimum: number; readonly maximum: number; readonly default: number | null } | null
  /** Allowed after `:` behind the number: a word list, or `ms`. */
  readonly more?: readonly string[] | 'ms'
  readonly when: When
}

const milliseconds = (fallback: number | null = null) => ({ unit: 'ms', minimum: 0, maximum: 86_400_000, default: fallback })

/**
 * Faults on demand: a comma-separated list of `kind[=value[:more]][@seconds[:every]]`. `@seconds` counts from the first streamed row,
 * `:every` repeats the fault with that period.
 *
 * | fault | example | what happens | in the truth |
 * | --- | --- | --- | --- |
 * | `drop=ROWS@S` | `drop=5@3`, `drop=300@10:60` | rows are sampled and counted but not sent; may exceed the counter's wrap | sent 0 |
 * | `drop=P` (below 1) | `drop=0.001` | every frame is lost with probability P | sent 0 |
 * | `flip=P[:MS][@S]` | `flip=0.001`, `flip=0.01:2000@5` | every byte has one bit inverted with probability P, for MS or for ever | sent 0, event per byte |
 * | `torn=FRAMES@S` | `torn=1@4` | frames lose their tail | sent 0 |
 * | `noise=BYTES@S` | `noise=40@6` | random bytes between two frames | rows unharmed |
 * | `stall=MS@S` | `stall=400@10` | nothing arrives, then everything at once (Bluetooth) | rows unharmed |
 * | `silence=MS@S` | `silence=3000@8` | the board samples but sends nothing (phone took the stream) | sent 0 |
 * | `unplug=MS[:power]@S` | `unplug=2000@15` | the port goes away and comes back; with `:power` the board loses power as well and boots, otherwise it goes on sampling | sent 0 |
 * | `restart[=MS][:stays]@S` | `restart=300@12` | watchdog: MS without samples, boot text, counter begins anew; streaming goes on unless `:stays` leaves the board as its firmware boots | a new epoch |
 * | `rails=MS@S` | `rails=2000@5` | ECG and PPG lanes sit on their upper rail | counts |
 * | `leadoff=MS@S` | `leadoff=2000@5` | an electrode falls off: what the board sends then, and its lead-off flag where it has one | counts |
 * | `ppm=N` | `ppm=80` | the board's clock is N parts per million fast | times |
 * | `drift=N` | `drift=20` | the clock gains N ppm per minute | times |
 * | `batch=MS` | `batch=16` | bytes arrive only at multiples of MS (FTDI latency timer) | - |
 * | `jitter=MS` | `jitter=8` | arrivals are up to MS late, in order | - |
 * | `held[=HZ]` | `held` | PPG lanes repeat their last conversion (HZ conversions a second, 71.4 as HealthyPi 5) | counts |
 * | `dtr[=MS@S]` | `dtr`, `dtr=500@5` | the board sends only while the host asserts DTR; with a number DTR falls for MS | sent 0 |
 * | `boot` | `boot` | boot text comes first | - |
 */
const rules = {
  drop: { value: { unit: 'rows', minimum: 0, maximum: 1e9, default: null }, when: 'optional' },
  flip: { value: { unit: 'probability', minimum: 0, maximum: 1, default: null }, more: 'ms', when: 'optional' },
  torn: { value: { unit: 'frames', minimum: 1, maximum: 1e6, default: 1 }, when: 'required' },
  noise: { value: { unit: 'bytes', minimum: 1, maximum: 1e6, default: null }, when: 'required' },
  stall: { value: milliseconds(), when: 'required' },
  silence: { value: milliseconds(), when: 'required' },
  unplug: { value: milliseconds(), more: ['power'], when: 'required' },
  restart: { value: milliseconds(200), more: ['stays'], when: 'required' },
  rails: { value: milliseconds(), when: 'required' },
  leadoff: { value: milliseconds(), when: 'required' },
  ppm: { value: { unit: 'ppm', minimum: -100_000, maximum: 100_000, default: null }, when: 'never' },
  drift: { value: { unit: 'ppm/min', minimum: -1000, maximum: 1000, default: null }, when: 'never' },
  batch: { value: { unit: 'ms', minimum: 1, maximum: 10_000, default: 16 }, when: 'never' },
  jitter: { value: milliseconds(), when: 'never' },
  held: { value: { unit: 'Hz', minimum: 0.1, maximum: 10_000, default: 1000 / 14 }, when: 'never' },
  dtr: { value: milliseconds(0), when: 'optional' },
  boot: { value: null, when: 'never' },
} as const satisfies Record<string, FaultRule>

export type FaultKind = keyof typeof rules

export interface Fault {
  readonly kind: FaultKind
  /** In the kind's unit; 0 where it takes none. */
  readonly value: number
  /** `power`, `stays`, or the ms of a `flip`; empty when left out. */
  readonly more: string
  /** Seconds after the first streamed row; `null`: all the time. */
  readonly atSeconds: number | null
  readonly everySeconds: number | null
}

// kind     = letters
// value    = number           more  = word or number
// @seconds = number           every = number
const grammar = /^(?<kind>[a-z]+)(?:=(?<value>[^:@]+)(?::(?<more>[^@]+))?|:(?<word>[^@]+))?(?:@(?<at>[^:]+)(?::(?<every>.+))?)?$/

/**
 * Reads a fault list; blank text is no fault at all.
 * @throws LabError `fault-invalid` with the offending part, why, and what is allowed.
 * @example parseFaults('drop=5@3,batch') // [{ kind: 'drop', value: 5, atSeconds: 3, ... }, { kind: 'batch', value: 16, ... }]
 */
export function parseFaults(text: string): Fault[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseFault)
}

function parseFault(part: string): Fault {
  const fields = grammar.exec(part)?.groups
  if (!fields) throw invalid(part, 'is not of the form kind[=value[:more]][@seconds[:every]]')
  if (!Object.hasOwn(rules, fields.kind)) throw invalid(part, `names no known fault "${fields.kind}"`)
  const kind = fields.kind as FaultKind
  const rule: FaultRule = rules[kind]
  const more = fields.more ?? fields.word ?? ''
  checkMore(part, rule, more)
  const value = numberField(part, kind, rule, fields.value)
  const atSeconds = secondsField(part, fields.at)
  const everySeconds = secondsField(part, fields.every)
  if (everySeconds !== null && everySeconds <= 0) throw invalid(part, 'repeats with a period that is not above 0 s')
  const timed = rule.when === 'required' || (kind === 'drop' && value >= 1) || (kind === 'dtr' && value > 0)
  if (timed && atSeconds === null) throw invalid(part, 'needs a time: @seconds')
  if (rule.when === 'never' && atSeconds !== null) throw invalid(part, 'holds all the time and takes no @seconds')
  if (kind === 'drop' && value < 1 && atSeconds !== null) throw invalid(part, 'is a probability and takes no @seconds')
  if ((kind === 'torn' || kind === 'noise' || (kind === 'drop' && value >= 1)) && !Number.isInteger(value)) {
    throw invalid(part, 'needs a whole number')
  }
  return { kind, value, more, atSeconds, everySeconds }
}

function checkMore(part: string, rule: FaultRule, more: string): void {
  if (more === '') return
  if (rule.more === undefined) throw invalid(part, `takes nothing after ":", not "${more}"`)
  if (rule.more === 'ms') {
    if (!(decimal(more) > 0)) throw invalid(part, `needs ms after ":", not "${more}"`)
  } else if (!rule.more.includes(more)) {
    throw invalid(part, `takes only ${rule.more.join(' or ')} after ":", not "${more}"`)
  }
}

function numberField(part: string, kind: FaultKind, rule: FaultRule, text: string | undefined): number {
  if (rule.value === null) {
    if (text !== undefined) throw invalid(part, 'takes no value')
    return 0
  }
  const { unit, minimum, maximum, default: fallback } = rule.value
  if (text === undefined) {
    if (fallback === null) throw invalid(part, `needs a value: ${kind}=${unit}`)
    return fallback
  }
  const value = decimal(text)
  if (!(value >= minimum && value <= maximum)) throw invalid(part, `needs ${unit} from ${minimum} to ${maximum}, not "${text}"`)
  return value
}

function secondsField(part: string, text: string | undefined): number | null {
  if (text === undefined) return null
  const seconds = decimal(text)
  if (!(seconds >= 0 && seconds <= 86_400 * 7)) throw invalid(part, `has a time that is no number of seconds: "${text}"`)
  return seconds
}

/** A plain decimal number; NaN for anything else (`Number` alone takes '', '0x1' and ' 1'). */
function decimal(text: string): number {
  return /^-?\d+(\.\d+)?(e-?\d+)?$/i.test(text) ? Number(text) : Number.NaN
}

function invalid(part: string, why: string): LabError {
  const allowed = Object.entries(rules).map(([kind, rule]: [string, FaultRule]) => {
    const value = rule.value === null ? '' : rule.value.default === null ? `=${rule.value.unit}` : `[=${rule.value.unit}]`
    const more = rule.more === undefined ? '' : `[:${rule.more === 'ms' ? 'ms' : rule.more.join('|')}]`
    const when = rule.when === 'never' ? '' : rule.when === 'required' ? '@seconds[:every]' : '[@seconds[:every]]'
    return `${kind}${value}${more}${when}`
  })
  return new LabError('fault-invalid', `The fault "${part}" ${why}. Allowed: ${allowed.join(', ')}.`, { part, why, allowed })
}
