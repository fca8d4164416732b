import type { Recording, RecordingListItem } from '../../../src-main/contract/schemas/recording.ts'
import type { Tone } from '../../ui/tone.ts'

/** A lost row in a thousand is visible in a beat; less is worth knowing. */
const badLoss = 0.001

export function lossTone(recording: Pick<Recording, 'lostRows' | 'rows' | 'lossCertainty'>): Tone {
  if (recording.lostRows === 0) return recording.lossCertainty === 'unknown' ? 'neutral' : 'good'
  return recording.rows > 0 && recording.lostRows / recording.rows > badLoss ? 'bad' : 'warn'
}

export const stateTone: Record<RecordingListItem['state'], Tone> = {
  recording: 'live',
  interrupted: 'warn',
  finished: 'good',
  recovered: 'warn',
  imported: 'neutral',
  discarded: 'bad',
}

/** Most of a lane usable, half of it, or less. */
export function usableTone(ratio: number): Tone {
  return ratio >= 0.8 ? 'good' : ratio >= 0.5 ? 'warn' : 'bad'
}
