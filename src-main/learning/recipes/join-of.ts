import type { ClipRecipe, FitOptions, FusionRecipe, NetworkOptions, Recipe, SembridgeRecipe } from '../../contract/index.ts'
import type { Gate, Join, Towers } from './joined.ts'

/** Samples of a window of each modality. */
export interface WindowLengths {
  readonly teacher: number
  readonly student: number
}

/** How a recipe's model of two modalities joins them, and how it is fitted; `null` where it has none. */
export function joinOf(recipe: Recipe, lengths: WindowLengths): { readonly join: Join; readonly network: NetworkOptions; readonly fit: FitOptions } | null {
  switch (recipe.recipe) {
    case 'fusion':
      return { ...gateOf(recipe), fit: recipe.fusion.fit }
    case 'clip':
      return { ...alignmentOf(recipe, lengths), fit: recipe.alignment.fit }
    case 'sembridge':
      return { ...matcherOf(recipe, lengths), fit: recipe.matcher.fit }
    default:
      return null
  }
}

interface Joined<Kind> {
  readonly join: Kind
  readonly network: NetworkOptions
}

/** Over the embeddings of both frozen encoders. */
export function gateOf({ teacher, encoder, fusion }: FusionRecipe): Joined<Gate> {
  const side = ({ network }: { network: NetworkOptions }) => ({ length: network.embedding, network: null })
  return { join: { kind: 'gate', first: side(teacher), second: side(encoder) }, network: { ...encoder.network, embedding: fusion.embedding } }
}

/** A head over the frozen teacher's embeddings, and an encoder with a head for the student's modality. */
export function alignmentOf({ teacher, alignment: { network, projection } }: ClipRecipe, { student }: { readonly student: number }): Joined<Towers> {
  return { join: { kind: 'towers', first: { length: teacher.network.embedding, network: null }, second: { length: student, network }, projection }, network }
}

/** Two encoders with their heads. */
export function matcherOf({ matcher: { network, projection } }: SembridgeRecipe, { teacher, student }: WindowLengths): Joined<Towers> {
  return { join: { kind: 'towers', first: { length: teacher, network }, second: { length: student, network }, projection }, network }
}
