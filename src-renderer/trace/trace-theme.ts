/** Colours of the traces; the app fills it from its CSS custom properties, so that one stylesheet decides. */
export interface TraceTheme {
  readonly background: string
  /** Time grid of the plain view: whole seconds, and fifths between them. */
  readonly gridMajor: string
  readonly gridMinor: string
  /** ECG paper: 5 mm and 1 mm lines. */
  readonly paperMajor: string
  readonly paperMinor: string
  /** Between lanes. */
  readonly separator: string
  readonly text: string
  readonly textSoft: string
  /** Hatching over rows without a sample. */
  readonly gap: string
  readonly beat: string
  /** The line at the newest sample of a sweep. */
  readonly head: string
  /** By contract LaneKind; `other` for the kinds not named. */
  readonly lanes: Readonly<Record<'ecg' | 'ppg' | 'respiration' | 'other', string>>
  readonly fontFamily: string
}

const fontFamily = 'system-ui, "Segoe UI", "Noto Sans", sans-serif'

/** Lane colours keep 4.5:1 against their background and stay apart for colour-blind eyes (blue / vermilion / purple of Okabe and Ito, darkened). */
export const lightTraceTheme: TraceTheme = {
  background: '#fdfdfb',
  gridMajor: '#dfe3e6',
  gridMinor: '#eff1f2',
  paperMajor: '#efbfb4',
  paperMinor: '#f8e5df',
  separator: '#e3e6e8',
  text: '#1d2429',
  textSoft: '#5a656d',
  gap: '#9aa3a9',
  beat: '#5a656d',
  head: '#93a0a8',
  lanes: { ecg: '#123f5f', ppg: '#a63d00', respiration: '#6a3d8f', other: '#3f4a50' },
  fontFamily,
}

export const darkTraceTheme: TraceTheme = {
  background: '#0e1316',
  gridMajor: '#263036',
  gridMinor: '#182025',
  paperMajor: '#4a2f2b',
  paperMinor: '#241b1a',
  separator: '#222b30',
  text: '#e6ebee',
  textSoft: '#98a5ad',
  gap: '#5d6a72',
  beat: '#98a5ad',
  head: '#6d7b84',
  lanes: { ecg: '#7fdcae', ppg: '#ffb27a', respiration: '#c9a6f0', other: '#c2ccd2' },
  fontFamily,
}

const custom = {
  background: '--trace-background',
  gridMajor: '--trace-grid-major',
  gridMinor: '--trace-grid-minor',
  paperMajor: '--trace-paper-major',
  paperMinor: '--trace-paper-minor',
  separator: '--trace-separator',
  text: '--trace-text',
  textSoft: '--trace-text-soft',
  gap: '--trace-gap',
  beat: '--trace-beat',
  head: '--trace-head',
  fontFamily: '--trace-font',
} as const

const customLanes = { ecg: '--trace-ecg', ppg: '--trace-ppg', respiration: '--trace-respiration', other: '--trace-other' } as const

/** Theme from custom properties (`read = (name) => getComputedStyle(element).getPropertyValue(name)`); unset ones come from `fallback`. */
export function traceTheme(read: (property: string) => string, fallback: TraceTheme): TraceTheme {
  const pick = <K extends string>(names: Readonly<Record<K, string>>, defaults: Readonly<Record<K, string>>): Record<K, string> => {
    const picked = { ...defaults } as Record<K, string>
    for (const key of Object.keys(names) as K[]) picked[key] = read(names[key]).trim() || defaults[key]
    return picked
  }
  return { ...pick<Exclude<keyof TraceTheme, 'lanes'>>(custom, fallback), lanes: pick(customLanes, fallback.lanes) }
}

/** The colour of a lane of this kind. */
export function laneColour(theme: TraceTheme, kind: string): string {
  return kind === 'ecg' || kind === 'ppg' || kind === 'respiration' ? theme.lanes[kind] : theme.lanes.other
}
