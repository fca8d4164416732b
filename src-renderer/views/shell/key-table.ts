import type { Strings } from '../../strings/en.ts'

interface KeyGroup {
  name: keyof Strings['help']['groups']
  keys: readonly { name: keyof Strings['help']['keys']; keys: readonly string[] }[]
}

/** Every key of the app, as the help dialog lists them; the handlers are in global-keys.ts, record-keys.ts and review-keys.ts. */
export const keyGroups: readonly KeyGroup[] = [
  {
    name: 'everywhere',
    keys: [
      { name: 'goRecord', keys: ['G', 'R'] },
      { name: 'goLibrary', keys: ['G', 'L'] },
      { name: 'goSubjects', keys: ['G', 'S'] },
      { name: 'goCurate', keys: ['G', 'C'] },
      { name: 'goTrain', keys: ['G', 'T'] },
      { name: 'goIdentify', keys: ['G', 'I'] },
      { name: 'goDataset', keys: ['G', 'D'] },
      { name: 'help', keys: ['?'] },
      { name: 'escape', keys: ['Esc'] },
    ],
  },
  {
    name: 'recording',
    keys: [
      { name: 'start', keys: ['Shift', 'R'] },
      { name: 'stop', keys: ['Shift', 'S'] },
      { name: 'marker', keys: ['M'] },
      { name: 'protocolMarker', keys: ['1', '\u2026', '9'] },
      { name: 'nextStep', keys: ['N'] },
      { name: 'acknowledge', keys: ['A'] },
    ],
  },
  {
    name: 'liveTraces',
    keys: [
      { name: 'pause', keys: ['Space'] },
      { name: 'scrub', keys: ['\u2190', '\u2192'] },
      { name: 'selectLane', keys: ['\u2191', '\u2193'] },
      { name: 'gain', keys: ['+', '\u2212'] },
      { name: 'hideLane', keys: ['H'] },
      { name: 'mode', keys: ['V'] },
      { name: 'paper', keys: ['P'] },
    ],
  },
  {
    name: 'storedTrace',
    keys: [
      { name: 'pan', keys: ['\u2190', '\u2192'] },
      { name: 'zoom', keys: ['+', '\u2212'] },
      { name: 'wheel', keys: ['wheel'] },
      { name: 'whole', keys: ['0'] },
      { name: 'ends', keys: ['Home', 'End'] },
      { name: 'reviewLane', keys: ['\u2191', '\u2193'] },
      { name: 'reviewGain', keys: ['Shift', '\u2191', '\u2193'] },
      { name: 'reviewHide', keys: ['H'] },
      { name: 'reviewFilter', keys: ['X'] },
    ],
  },
  {
    name: 'beats',
    keys: [
      { name: 'beatStep', keys: [',', '.'] },
      { name: 'beatAdd', keys: ['A'] },
      { name: 'beatType', keys: ['N', 'V', '\u2026', '/'] },
      { name: 'beatDelete', keys: ['Delete'] },
      { name: 'beatFound', keys: ['Enter'] },
      { name: 'undo', keys: ['Ctrl', 'Z'] },
      { name: 'redo', keys: ['Ctrl', 'Shift', 'Z'] },
    ],
  },
  {
    name: 'labels',
    keys: [
      { name: 'selectionEnds', keys: ['[', ']'] },
      { name: 'selectionDrag', keys: ['Shift', 'drag'] },
      { name: 'selectionExclude', keys: ['E'] },
      { name: 'selectionLabel', keys: ['L'] },
      { name: 'selectionBeats', keys: ['B'] },
      { name: 'clearSelection', keys: ['Esc'] },
      { name: 'adjudicate', keys: ['1', '2', '0'] },
    ],
  },
]
