import { describe, expect, it } from 'vitest'
import { NetworkPreset } from '../../../src-main/contract/index.ts'
import { describeNetwork } from '../../../src-main/learning/networks/parameter-layout.ts'
import { networkFigures, presets } from '../../../src-main/learning/networks/presets.ts'

const window = { length: 150, channels: 1, embedding: 256 }

/** Weights of an R-ResNet by hand: stem, then per block two 3-convolutions (and a shortcut at the first of stages 2 to 4), each followed by a gain and a shift, then the embedding. */
function resNetWeights(blocks: readonly number[], width: number): number {
  const convolution = (from: number, to: number, kernel: number): number => kernel * from * to + 2 * to
  let [count, from] = [convolution(1, width, 7), width]
  blocks.forEach((number, stage) => {
    const to = width * 2 ** stage
    count += convolution(from, to, 3) + (2 * number - 1) * convolution(to, to, 3) + (stage > 0 ? convolution(from, to, 1) : 0)
    from = to
  })
  return count + from * 256 + 256
}

function deitWeights(width: number, depth: number, patch: number): number {
  const linear = (from: number, to: number): number => from * to + to
  const block = 4 * width + linear(width, 3 * width) + linear(width, width) + linear(width, 4 * width) + linear(4 * width, width)
  return linear(patch, width) + 2 * width + (2 + 150 / patch) * width + depth * block + 2 * width + 2 * linear(width, 256)
}

describe('presets', () => {
  it('are those that a recipe may name, each with a description', () => {
    expect(Object.keys(presets)).toEqual(NetworkPreset.options)
    expect(new Set(Object.values(presets).map(({ description }) => description)).size).toBe(NetworkPreset.options.length)
  })

  it('have the weights that their drawings have', () => {
    const count = (name: NetworkPreset): number => describeNetwork(presets[name].forward({ embedding: 256 }), window).weightCount
    expect(count('resnet34-w64')).toBe(resNetWeights([3, 4, 6, 3], 64))
    expect(count('resnet18-w16')).toBe(resNetWeights([2, 2, 2, 2], 16))
    expect(count('deit-tiny')).toBe(deitWeights(192, 12, 10))
    expect(count('deit-micro')).toBe(deitWeights(64, 3, 10))
  })

  // Weights in millions and multiply-accumulates in millions that PyTorch twins were measured to have, convolutions and linear maps only: attention adds 2 x tokens^2 x width per block.
  it.each([
    { name: 'resnet34-w64', parameters: 7.35, macs: 108, attention: 0 },
    { name: 'resnet34-w32', parameters: 1.87, macs: 27, attention: 0 },
    { name: 'resnet18-w64', parameters: 3.98, macs: 53, attention: 0 },
    { name: 'deit-tiny', parameters: 5.44, macs: 90.4, attention: 2 * 17 ** 2 * 192 * 12 },
    { name: 'deit-mini', parameters: 0.72, macs: 11.3, attention: 2 * 17 ** 2 * 96 * 6 },
  ] as const)('$name costs what its twin costs', ({ name, parameters, macs, attention }) => {
    const figures = networkFigures(name, window)
    expect(Math.abs(figures.parameters / 1e6 - parameters)).toBeLessThan(0.0051)
    expect(Math.abs((figures.macs - attention) / 1e6 - macs)).toBeLessThan(0.51)
    // A step keeps at least every convolution's or block's result, and not the network many times over.
    expect(figures.activationBytes).toBeGreaterThan(100_000)
    expect(figures.activationBytes).toBeLessThan(5_000_000)
  })

  it('of a DeiT grow by one position per patch', () => {
    const count = (length: number): number => describeNetwork(presets['deit-mini'].forward({ embedding: 256, patch: 25 }), { length, channels: 1 }).weightCount
    // 150 samples are 6 patches, 151 are 7.
    expect(count(151) - count(150)).toBe(96)
  })
})
