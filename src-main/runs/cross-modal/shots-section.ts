import type { DecisionUnit, NShotResult } from '../../contract/index.ts'
import { ofRecording, noFigure, percentEstimate, whole } from '../figure-words.ts'
import { element, plots, type Content } from '../html-parts.ts'
import { sideBySide, type NamedSystem } from '../report-tables.ts'
import { shotsPlot } from '../svg/shots-plot.ts'

const measures = [['Rank-1', 'rank1', 1], ['EER', 'eer', 0]] as const
/** Drawn against one another; the table has all. */
const compared: readonly string[] = ['student', 'scratch']

/** How well people are known by templates of few windows, as parts of the report's page: nothing where it was not asked. */
export function shotsParts(systems: readonly NamedSystem[], unit: DecisionUnit): Content[] {
  const asked = systems.filter(([, { nShot }]) => nShot !== undefined)
  const evaluation = asked[0]?.[1].nShot
  if (!evaluation) return []
  const all = asked.flatMap(([, { nShot }]) => nShot?.results ?? [])
  return [
    element('p', `Templates of so many windows (N-shot), drawn at random ${whole(evaluation.draws)} times of all that a person enrolled with; ${whole(evaluation.replicates)} draws of people, seed ${evaluation.seed}. Seen people took part in the training, unseen people did not; each are looked for among themselves alone. Plain cosines without score normalisation: these figures are not those above. Intervals are 95 %, over draws of people and of windows together.`, 'soft'),
    ...(all.length === 0 ? [element('p', 'In neither group are there two people to tell apart.')] : distinct(all.map(({ beats }) => beats)).flatMap((beats) => decisionParts(asked, beats, unit))),
  ]
}

function decisionParts(systems: readonly NamedSystem[], beats: number, unit: DecisionUnit): Content[] {
  const of = (system: NamedSystem): NShotResult[] => (system[1].nShot?.results ?? []).filter((one) => one.beats === beats)
  const pair = systems.filter(([name]) => compared.includes(name))
  const drawn = pair.length > 0 ? pair : systems
  const results = systems.flatMap(of)
  const groups = distinct(results.map(({ people }) => people))
  const rows = distinct(results.map(({ shots }) => shots)).sort((a, b) => a - b)
  const cell = (people: NShotResult['people'], shots: number, say: (one: NShotResult) => string) => (system: NamedSystem[1]): string => {
    const found = of(['', system]).find((one) => one.people === people && one.shots === shots)
    return found ? say(found) : noFigure
  }
  return [
    element('h3', `Decisions from ${ofRecording(beats, unit)}`),
    plots(measures.flatMap(([words, measure, end]) => groups.map((people) => shotsPlot(`${words}: ${people} people`, words, drawn.map((system) => ({
      name: system[0], points: of(system).filter((one) => one.people === people).map((one) => ({ shots: one.shots, estimate: one[measure] })),
    })), end, drawn.flatMap(of).map((one) => one[measure]))))),
    sideBySide(systems, groups.flatMap((people) => [
      ...measures.flatMap(([words, measure]) => rows.map((shots) => [`${words}, ${people} people, ${shots === 1 ? '1 window' : `${shots} windows`}`, cell(people, shots, (one) => percentEstimate(one[measure]))] as const)),
      [`Probes a draw, ${people} people`, cell(people, rows[0], ({ probes }) => whole(probes))],
      [`${people === 'seen' ? 'Seen' : 'Unseen'} people with fewer windows than ${rows.join(', ')} *`, (system) => `${rows.map((shots) => cell(people, shots, ({ short }) => whole(short))(system)).join(', ')} of ${cell(people, rows[0], ({ subjects }) => whole(subjects))(system)}`],
    ])),
    element('p', '* Their template is of all that they have.', 'soft'),
  ]
}

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)]
