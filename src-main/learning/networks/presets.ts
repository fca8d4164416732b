import type { NetworkPreset } from '../../contract/index.ts'
import { deit1d, type DeitOutput } from './deit-1d.ts'
import { figuresOf, type NetworkFigures } from './network-figures.ts'
import { resNet1d, type ResNetOutput } from './resnet-1d.ts'
import type { Forward } from './scope.ts'

export interface PresetOptions {
  /** Dimensions of the embedding. */
  readonly embedding: number
  /** Samples per patch, for a DeiT (default 10: 40 ms at 250 Hz); long windows want longer ones, 25 for 1250 samples. */
  readonly patch?: number
}

interface PresetText {
  /** The network in words, for a model card. */
  readonly description: string
}

export interface ResNetPreset extends PresetText {
  readonly family: 'resnet'
  forward(options: PresetOptions): Forward<ResNetOutput>
}

export interface DeitPreset extends PresetText {
  readonly family: 'deit'
  forward(options: PresetOptions): Forward<DeitOutput>
}

export type Preset = ResNetPreset | DeitPreset

const defaultPatch = 10

const resNet = (depth: 34 | 18, width: number): ResNetPreset => ({
  family: 'resnet',
  description: `1-D ResNet-${depth}, ${width} to ${8 * width} channels`,
  forward: ({ embedding }) => resNet1d({ blocks: depth === 34 ? [3, 4, 6, 3] : [2, 2, 2, 2], width, embedding }),
})

const deit = (name: string, width: number, depth: number, heads: number, dropPath: number): DeitPreset => ({
  family: 'deit',
  description: `1-D DeiT-${name}, ${depth} blocks of ${width} channels, ${heads} heads`,
  forward: ({ embedding, patch = defaultPatch }) => deit1d({ width, depth, heads, patch, embedding, dropPath }),
})

/**
 * Named networks. A teacher is usually 'resnet34-w64' (or -w32 for few subjects), a student 'deit-mini', which is ten times smaller; 'deit-tiny' is DeiT's own size, in one dimension
 * about as large as its teacher. DeiT's drop-path of 0.1 only at its own size. 'deit-micro' and 'resnet18-w16' are for trials.
 */
export const presets = {
  'resnet34-w64': resNet(34, 64),
  'resnet34-w32': resNet(34, 32),
  'resnet18-w64': resNet(18, 64),
  'resnet18-w32': resNet(18, 32),
  'resnet18-w16': resNet(18, 16),
  'deit-tiny': deit('tiny', 192, 12, 3, 0.1),
  'deit-mini': deit('mini', 96, 6, 3, 0),
  'deit-micro': deit('micro', 64, 3, 4, 0),
} as const satisfies Record<NetworkPreset, Preset>

export interface FigureOptions extends PresetOptions {
  /** Samples per window. */
  readonly length: number
  readonly channels: number
}

/**
 * What a preset costs at this window. All embeddings are counted, as all are trained.
 * @example networkFigures('deit-mini', { length: 150, channels: 1, embedding: 256 }) // 723776 parameters, 11.7 million multiply-accumulates
 */
export function networkFigures(preset: NetworkPreset, { length, channels, ...options }: FigureOptions): NetworkFigures {
  return figuresOf(presets[preset].forward(options), { length, channels })
}
