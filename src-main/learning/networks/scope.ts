import type { Tensor } from '@tensorflow/tfjs-core'

/** How a weight begins. `fan`: He et al. 2015, normal with variance 2 / fan-in. `truncated`: normal, cut at two standard deviations (ViT: 0.02). */
export type Initializer =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'ones' }
  | { readonly kind: 'he'; readonly fanIn: number }
  | { readonly kind: 'xavier'; readonly fanIn: number; readonly fanOut: number }
  | { readonly kind: 'truncated'; readonly deviation: number }

/**
 * What a network asks for while it runs: its weights by name, and how it is being run. The same forward function declares the weights (`describeNetwork`), trains, and infers;
 * only the scope differs.
 */
export interface Scope {
  /** Batch statistics and random masks are used, not the running ones. */
  readonly training: boolean
  /** Names below are prefixed with `name/`. */
  child(name: string): Scope
  /** A trainable weight. `decay` (default: true for two or more dimensions): weight decay applies to it. */
  weight(name: string, shape: readonly number[], initial: Initializer, options?: { readonly decay?: boolean }): Tensor
  /** A value that is not trained but carried along, such as batch normalisation's running mean. */
  statistic(name: string, shape: readonly number[], initial: number): Tensor
  /** While training: the statistic becomes (1 - momentum) x itself + momentum x `value` after this step. */
  observe(name: string, value: Tensor, momentum: number): void
  /**
   * While training: 1 / keep with probability `keep`, else 0, independent for each element (an input of the compiled step, filled from the run's seed). Without training: null.
   */
  mask(name: string, shape: readonly number[], keep: number): Tensor | null
}

/** A network is its forward function; x: [batch, time, channels]. */
export type Forward<Output> = (x: Tensor, scope: Scope) => Output
