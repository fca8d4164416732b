import { z } from 'zod'
import { LaneKind } from './device.ts'

/** Best first: the order in which they are tried. */
export const EngineName = z.enum(['onnx', 'tensorflow', 'wasm', 'cpu'])
export type EngineName = z.infer<typeof EngineName>

/** One engine as found on this computer. */
export const EngineStatus = z.object({
  name: EngineName,
  available: z.boolean(),
  /** Why not. */
  reason: z.string().nullable(),
  version: z.string().nullable(),
  threads: z.number().int().nullable(),
  providers: z.array(z.string()),
  /** Largest relative difference from the reference in the self-check; `null` when it did not get that far. */
  selfCheckError: z.number().nullable(),
})
export type EngineStatus = z.infer<typeof EngineStatus>

/** What a run computes on. `auto`: the first engine that works. */
export const EngineChoice = z.strictObject({
  engine: z.enum(['auto', ...EngineName.options]).default('auto'),
  /** Execution provider of the onnx engine. */
  provider: z.enum(['auto', 'cpu', 'cuda', 'dml', 'webgpu', 'coreml']).default('auto'),
  /** `null`: as many as this computer has cores, one less while a recording goes on. */
  threads: z.number().int().min(1).max(256).nullable().default(null),
})
export type EngineChoice = z.infer<typeof EngineChoice>

/** How recordings become windows: recognition.md A0.2-A0.4. Part of what a run is. */
export const WindowOptions = z.strictObject({
  lane: LaneKind.extract(['ecg', 'ppg']).default('ecg'),
  /** Which of a recording's lanes of that kind, from 0 (ECG-ID: 0 raw, 1 filtered); `null`: the one with the most usable seconds. */
  channel: z.number().int().min(0).max(63).nullable().default(null),
  /** Layer whose beats are taken; `null`: the detectors'. */
  annotator: z.string().nullable().default(null),
  mode: z.enum(['beat', 'summary-beat', 'window']).default('beat'),
  rateHz: z.number().positive().max(4000).default(250),
  filtered: z.boolean().default(true),
  /** `window`: length and stride, s. */
  seconds: z.number().positive().max(60).default(5),
  strideSeconds: z.number().positive().max(60).default(2.5),
  /** `summary-beat`: beats per group. */
  beatsPerGroup: z.number().int().min(2).max(60).default(6),
  /** The transient at the beginning of a recording, s. */
  dropFirstSeconds: z.number().min(0).max(60).default(1.5),
  /** Beats less like their recording's median beat are left out, but never below three; `null`: none is. */
  minimumCorrelation: z.number().min(-1).max(1).nullable().default(0.5),
  /**
   * PPG whose pulses are less like each other within a window, or less skewed, is left out (recognition.md A0.3; signal/pulse-quality.ts); `null`: none is. 0.8 keeps 97 of 100 windows of BIDMC and 5 of 100 of
   * noise. Looks at one window at a time, whoever's it is.
   */
  quality: z.strictObject({ correlation: z.number().min(-1).max(1).default(0.8), skewness: z.number().min(-10).max(10).default(0) }).nullable().default(null),
  /**
   * Windows in which the recording's accelerometer moved more, g, are left out (signal/motion.ts: root mean square about the mean, all axes together); `null`: none is. A sensor at rest shows less than 0.02.
   * A recording without an accelerometer in g keeps all of its windows, and the report counts them.
   */
  maximumMotion: z.number().positive().max(20).nullable().default(null),
})
export type WindowOptions = z.infer<typeof WindowOptions>

export const NetworkPreset = z.enum(['resnet34-w64', 'resnet34-w32', 'resnet18-w64', 'resnet18-w32', 'resnet18-w16', 'deit-tiny', 'deit-mini', 'deit-micro'])
export type NetworkPreset = z.infer<typeof NetworkPreset>

export const NetworkOptions = z.strictObject({
  preset: NetworkPreset,
  /** Dimensions of the embedding. */
  embedding: z.number().int().min(8).max(2048).default(256),
  /** Samples per patch of a DeiT; `null`: as fits the window. */
  patch: z.number().int().min(2).max(512).nullable().default(null),
})
export type NetworkOptions = z.infer<typeof NetworkOptions>

export const Schedule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('cosine'), warmUp: z.number().min(0).max(0.5).default(0.05), floor: z.number().min(0).max(1).default(0) }),
  z.strictObject({ kind: z.literal('exponential'), warmUp: z.number().min(0).max(0.5).default(0.05), floor: z.number().positive().max(1).default(5e-4) }),
  z.strictObject({
    kind: z.literal('plateau'), warmUp: z.number().min(0).max(0.5).default(0.05), patience: z.number().int().min(1).max(100).default(2), factor: z.number().positive().max(1).default(0.5),
  }),
])
export type Schedule = z.infer<typeof Schedule>

/** How one network is fitted. */
export const FitOptions = z.strictObject({
  epochs: z.number().int().min(1).max(2000),
  /** Little data makes short epochs: there are as many of them as so many steps take. */
  minimumSteps: z.number().int().min(0).max(1_000_000).default(0),
  /** Batch-by-identity: P people x K windows, a person's windows from two or more recordings. */
  people: z.number().int().min(2).max(256),
  windowsPerPerson: z.number().int().min(2).max(64),
  optimizer: z.enum(['adamw', 'sgd']).default('adamw'),
  rate: z.number().positive().max(10),
  weightDecay: z.number().min(0).max(1),
  schedule: Schedule,
  /** Gradients longer than this are shortened to it; `null`: not. */
  clipNorm: z.number().positive().nullable().default(5),
  /** Exponential moving average of the weights, used for validation and as the result; `null`: none. */
  averageDecay: z.number().min(0.5).max(0.99999).nullable().default(null),
  /** Epochs without a better validation value after which it stops; `null`: never. */
  patience: z.number().int().min(1).max(1000).nullable().default(null),
  augmentation: z.strictObject({
    shiftMs: z.number().min(0).max(500).default(16),
    /** Parts of the amplitude, and of the standard deviation. */
    amplitude: z.number().min(0).max(1).default(0.1),
    noise: z.number().min(0).max(2).default(0.05),
    /** Breathing, at 0.15-0.4 Hz: parts of the amplitude, and of the standard deviation (learning/data/breathing.ts). */
    modulation: z.number().min(0).max(1).default(0),
    wander: z.number().min(0).max(5).default(0),
  }),
})
export type FitOptions = z.infer<typeof FitOptions>

/** Additive angular margin (ArcFace): recognition.md A0.6. */
export const MarginOptions = z.strictObject({
  scale: z.number().positive().max(256).default(32),
  margin: z.number().min(0).max(1.5).default(0.2),
})
export type MarginOptions = z.infer<typeof MarginOptions>

export const TeacherOptions = z.strictObject({
  network: NetworkOptions,
  fit: FitOptions,
  margin: MarginOptions,
  triplet: z.strictObject({ weight: z.number().min(0).max(100).default(1), margin: z.number().min(0).max(2).default(0.3), form: z.enum(['hinge', 'softplus']).default('hinge') }),
})
export type TeacherOptions = z.infer<typeof TeacherOptions>

/** The levels of THKD's hierarchical loss, each of which can be weighted and switched off (weight 0): recognition.md A1. */
export const DistillationOptions = z.strictObject({
  /** The student's own task gets 1 - weight. */
  logit: z.strictObject({ form: z.enum(['soft', 'hard']).default('soft'), weight: z.number().min(0).max(1).default(0.5), temperature: z.number().positive().max(100).default(1), scale: z.number().positive().max(256).default(16) }),
  stage: z.strictObject({
    form: z.enum(['exit-heads', 'tokens', 'relations']).default('exit-heads'),
    weight: z.number().min(0).max(10_000).default(1),
    /** Of stages 1-4. */
    stageWeights: z.tuple([z.number().min(0), z.number().min(0), z.number().min(0), z.number().min(0)]).default([0.25, 0.25, 0.25, 0.25]),
    gamma: z.number().min(0.5).max(3).default(1.5),
  }),
  embedding: z.strictObject({ weight: z.number().min(0).max(1000).default(1) }),
  relation: z.strictObject({ weight: z.number().min(0).max(1000).default(0.1), distance: z.number().min(0).default(25), angle: z.number().min(0).default(50) }),
})
export type DistillationOptions = z.infer<typeof DistillationOptions>

export const StudentOptions = z.strictObject({
  network: NetworkOptions,
  fit: FitOptions,
  margin: MarginOptions,
  distillation: DistillationOptions,
})
export type StudentOptions = z.infer<typeof StudentOptions>

export const EvaluationOptions = z.strictObject({
  /** Beats of a decision; 0 means all of a recording. */
  beatsPerProbe: z.array(z.number().int().min(0).max(1000)).min(1).max(6).default([1, 5, 0]),
  replicates: z.number().int().min(100).max(20_000).default(1000),
})
export type EvaluationOptions = z.infer<typeof EvaluationOptions>

/** This part of every training recording's windows, its end, is held out for validation, beside what the split has for it. `null`: none; a split without a validation part is then refused. */
const holdOut = z.number().min(0.05).max(0.5).nullable().default(null)

/** What every recipe has. */
export const recipeBasics = { windows: WindowOptions.prefault({}), evaluation: EvaluationOptions.prefault({}), holdOut }
