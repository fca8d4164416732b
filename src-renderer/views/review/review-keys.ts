import { symbolKeys, type ReviewSession } from '../../state/review-session.svelte.ts'
import type { Reviewer } from '../../state/reviewer.svelte.ts'

/** After `g` the next letter names a section of the app. */
const pairMs = 1200
let goUntil = 0

/** Keys of a stored trace; `session` null: it can be looked at only. True when the key was one of them. */
export function reviewKey(event: KeyboardEvent, view: Reviewer, session: ReviewSession | null): boolean {
  const { recording } = view
  if (recording === null || event.altKey) return false
  if (event.ctrlKey || event.metaKey) return session !== null && undoKey(event, session)
  if (event.key === 'g') goUntil = event.timeStamp + pairMs
  if (event.timeStamp < goUntil) return false
  if (viewKey(event, view, recording.rows)) return true
  return session !== null && editKey(event, view, session)
}

function undoKey(event: KeyboardEvent, session: ReviewSession): boolean {
  const key = event.key.toLowerCase()
  if (key === 'z' && !event.shiftKey) session.undo()
  else if (key === 'y' || (key === 'z' && event.shiftKey)) session.redo()
  else return false
  return true
}

function viewKey(event: KeyboardEvent, view: Reviewer, rows: number): boolean {
  const { width, activeLane } = view
  if (event.key === 'ArrowLeft') view.pan(event.shiftKey ? -1 : -0.2)
  else if (event.key === 'ArrowRight') view.pan(event.shiftKey ? 1 : 0.2)
  else if (event.key === 'ArrowUp' && !event.shiftKey) view.stepLane(-1)
  else if (event.key === 'ArrowDown' && !event.shiftKey) view.stepLane(1)
  else if (event.key === 'ArrowUp' && activeLane !== null) view.stepGain(activeLane, 1)
  else if (event.key === 'ArrowDown' && activeLane !== null) view.stepGain(activeLane, -1)
  else if (event.key === '=' || event.key === '+') view.zoom(0.5)
  else if (event.key === '-') view.zoom(2)
  else if (event.key === '0') view.show(0, rows)
  else if (event.key === 'Home') view.show(0, width)
  else if (event.key === 'End') view.show(rows - width, width)
  else if (event.key === 'x') view.setFilters(!view.filtering)
  else if (event.key === 'h' && activeLane !== null) view.toggleLane(activeLane)
  else return false
  return true
}

function editKey(event: KeyboardEvent, view: Reviewer, session: ReviewSession): boolean {
  const picked = session.standing
  const symbol = symbolKeys[event.key]
  if (symbol !== undefined && picked.length > 0) session.retype(picked, symbol)
  else if (event.key === 'a') void session.addBeat(view.cursorRow ?? (view.fromRow + view.toRow) / 2)
  else if (event.key === 'Delete' || event.key === 'Backspace') session.removePicked()
  else if (event.key === '.') session.step(1)
  else if (event.key === ',') session.step(-1)
  else if (event.key === 'Enter' && session.found.length > 0) session.stepFound(event.shiftKey ? -1 : 1)
  else if (event.key === 'e' && view.selection !== null) session.excludeSelection()
  else if (event.key === 'b' && view.selection !== null) session.pickSelection()
  else if (event.key === 'l' && view.selection !== null) session.addLabel(session.kind, view.selection.fromRow, view.selection.toRow, session.values[session.kind])
  else if (event.key === 'Escape') session.clear()
  else if (event.key === '[' || event.key === ']') markEnd(view, event.key === ']')
  else return false
  return true
}

/** The selection's beginning (`[`) or end (`]`) comes to the cursor: a stretch without a pointer. */
function markEnd(view: Reviewer, end: boolean): void {
  const row = view.cursorRow ?? Math.round((view.fromRow + view.toRow) / 2)
  const { fromRow, toRow } = view.selection ?? { fromRow: row, toRow: row + 1 }
  view.selection = end ? { fromRow: Math.min(fromRow, row), toRow: row + 1 } : { fromRow: row, toRow: Math.max(toRow, row + 1) }
}
