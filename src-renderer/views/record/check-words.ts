import type { AcquisitionStatus, Alarm, CheckResult } from '../../../src-main/contract/schemas/acquisition.ts'
import type { Strings } from '../../strings/en.ts'
import type { Format } from '../../strings/format.ts'

type Data = CheckResult['data']

const number = (data: Data, key: string): number => (typeof data[key] === 'number' ? data[key] : 0)
const text = (data: Data, key: string): string => (typeof data[key] === 'string' ? data[key] : '')

/** Lane ids of a check (`ch1, ch2`) as the labels a person sees on the screen. */
function lanes(data: Data, format: Format, configuration: AcquisitionStatus['configuration'] | undefined): string {
  const names = text(data, 'lanes')
    .split(', ')
    .filter(Boolean)
    .map((id) => configuration?.lanes.find((lane) => lane.id === id)?.label ?? id)
  return names.length > 4 ? `${format.list(names.slice(0, 3))} +${format.number(names.length - 3)}` : format.list(names)
}

/** What one line of the checklist says: how it is, or what to do. */
export function checkWords(check: CheckResult, t: Strings, format: Format, status: AcquisitionStatus | null): string {
  const { data, state } = check
  const words = t.checks
  const names = lanes(data, format, status?.configuration)
  switch (check.id) {
    case 'subject':
      return state === 'pass' ? words.subjectPass(text(data, 'code')) : words.subjectFail
    case 'consent':
      return state === 'pass' ? words.consentPass : state === 'waiting' ? words.consentWaiting : words.consentFail
    case 'dataset':
      return state === 'pass' ? words.datasetPass : data.open === false ? words.datasetNone : words.datasetFail
    case 'signal':
      if (state === 'pass') return words.signalPass
      return state === 'waiting' ? words.signalWaiting : status === null || status.connection === 'disconnected' ? words.signalNone : words.signalFail
    case 'rate':
      if (state === 'waiting') return words.rateWaiting(format.number(Math.ceil(number(data, 'secondsLeft'))))
      return (state === 'pass' ? words.ratePass : words.rateFail)(format.rate(number(data, 'measuredHz')), format.ppm(number(data, 'ppm')))
    case 'contact':
      return state === 'pass' ? words.contactPass : state === 'waiting' ? words.waiting : words.contactFail(names)
    case 'saturation':
      return state === 'pass' ? words.saturationPass : state === 'waiting' ? words.waiting : words.saturationFail(names, format.percent(number(data, 'worst')))
    case 'mains':
      return state === 'pass' ? words.mainsPass : state === 'waiting' ? words.waiting : words.mainsFail(names)
    case 'disk':
      if (state === 'waiting') return words.waiting
      return (state === 'pass' ? words.diskPass : words.diskFail)(format.bytes(number(data, 'freeBytes')), format.bytes(number(data, 'neededBytes')))
    case 'clock':
      return state === 'pass' ? words.clockPass : state === 'warn' ? words.clockJump(format.span(Math.abs(number(data, 'jumpSeconds')))) : words.clockFail
  }
}

/** What an alarm says: the cause with its numbers. */
export function alarmWords(alarm: Alarm, t: Strings, format: Format, status: AcquisitionStatus | null): string {
  const { data } = alarm
  const words = t.alarms
  switch (alarm.id) {
    case 'no-data':
      return words.noData(format.span(number(data, 'seconds')))
    case 'lead-off':
      return words.leadOff(lanes(data, format, status?.configuration))
    case 'loss':
      return words.loss(format.number(number(data, 'rows')), format.span(number(data, 'seconds')))
    case 'rate-off':
      return words.rateOff(format.ppm(number(data, 'ppm')))
    case 'disk-low':
      return words.diskLow(format.bytes(number(data, 'freeBytes')))
    case 'writer-degraded':
      return words.writerDegraded(format.span(number(data, 'lagSeconds')))
    case 'writer-failed':
      return words.writerFailed
    case 'disconnected':
      return words.disconnected
  }
}
