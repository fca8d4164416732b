import type { App } from '../../state/app.svelte.ts'
import { language } from '../../strings/language.svelte.ts'
import { typing } from '../shell/global-keys.ts'

export interface RecordKeyActions {
  openMarker(atMs: number): void
  visibleSeconds(): number
}

/** Wall clock of a key press: the handler may run late, the event knows when the key went down. */
export function pressedAtMs(event: Event): number {
  return Date.now() - Math.max(0, performance.now() - event.timeStamp)
}

/** Keys of the Record screen. */
export function recordKey(event: KeyboardEvent, app: App, actions: RecordKeyActions): void {
  if (typing(event) || app.recorder.finished !== null) return
  // A focused button keeps its own Space and Enter; a radio keeps its arrows.
  const onControl = event.target instanceof HTMLElement && event.target.closest('button, a, input, summary') !== null
  const handled = app.recorder.running && recordingKey(event, app, actions) ? true : viewKey(event, app, actions, onControl)
  if (handled) event.preventDefault()
}

function recordingKey(event: KeyboardEvent, app: App, actions: RecordKeyActions): boolean {
  const { recorder, notices } = app
  if (event.repeat) return false
  if (event.key === 'm' || event.key === 'M') actions.openMarker(pressedAtMs(event))
  else if (/^[1-9]$/.test(event.key)) {
    const marker = recorder.progress?.protocol.markers[Number(event.key) - 1]
    if (marker === undefined) return false
    const atMs = pressedAtMs(event)
    void notices.attempt(() => recorder.mark(marker.code, language.pick(marker.text), atMs))
  } else if (event.key === 'n' || event.key === 'N') void notices.attempt(() => recorder.nextStep())
  else if (event.key === 'S' && event.shiftKey) void notices.attempt(() => recorder.stop())
  else return false
  return true
}

function viewKey(event: KeyboardEvent, app: App, actions: RecordKeyActions, onControl: boolean): boolean {
  const { live } = app
  const arrow = event.key.startsWith('Arrow')
  if (onControl && (arrow || event.key === ' ' || event.key === 'Enter')) return false
  switch (event.key) {
    case ' ':
      if (live.paused === null) live.pause(actions.visibleSeconds())
      else live.resume()
      return true
    case 'ArrowLeft':
    case 'ArrowRight':
      if (live.paused === null) return false
      live.scrub(event.key === 'ArrowLeft' ? -0.25 : 0.25)
      return true
    case 'ArrowUp':
    case 'ArrowDown':
      live.selectNext(event.key === 'ArrowUp' ? -1 : 1)
      return true
    case '+':
    case '=':
    case '-':
      if (live.selectedLane === null) for (const lane of live.visibleLanes) live.stepGain(lane.id, event.key === '-' ? -1 : 1)
      else live.stepGain(live.selectedLane, event.key === '-' ? -1 : 1)
      return true
    case 'h':
      if (live.selectedLane !== null) live.toggleLane(live.selectedLane)
      return true
    case 'v':
      live.change({ mode: live.settings.mode === 'sweep' ? 'scroll' : 'sweep' })
      return true
    case 'p':
      live.change({ paperGrid: !live.settings.paperGrid })
      return true
    case 'a':
      for (const alarm of app.acquisition.unacknowledged) void app.notices.attempt(() => app.acquisition.acknowledge(alarm.id))
      return true
    case 'R':
      if (event.shiftKey && app.recorder.canStart) void app.notices.attempt(() => app.recorder.start(app.preferences.operator))
      return true
    default:
      return false
  }
}
