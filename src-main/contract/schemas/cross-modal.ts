import { z } from 'zod'
import { FitOptions, MarginOptions, NetworkOptions, recipeBasics, StudentOptions, TeacherOptions, WindowOptions } from './training-options.ts'

const { augmentation } = FitOptions.shape
const { shiftMs, amplitude, noise } = augmentation.shape
const untimed = { shiftMs: shiftMs.removeDefault().default(0) }

/** Of windows that lie end to end: what changes their time is nothing unless somebody asks for it, and is then refused where a recipe is parsed (runs/cross-modal/contradictions.ts). Stored recipes may say it. */
const EndToEndFit = FitOptions.extend({ augmentation: augmentation.extend(untimed) })
/** Of rows that begin with an embedding, which nothing changes. */
const EmbeddingFit = FitOptions.extend({ augmentation: augmentation.extend({ ...untimed, amplitude: amplitude.removeDefault().default(0), noise: noise.removeDefault().default(0) }) })

const weight = (usual: number) => z.number().min(0).max(1000).default(usual)

/** What the three recipes for two modalities have in common: recognition.md A2-A4. */
const crossModal = {
  ...recipeBasics,
  /** The student's modality: the only one that it needs when it is used. */
  windows: WindowOptions.prefault({ lane: 'ppg', mode: 'window', rateHz: 125 }),
  /** The modality that teaches. */
  teacherWindows: WindowOptions.prefault({ lane: 'ecg', mode: 'window' }),
  teacher: TeacherOptions,
  student: StudentOptions.omit({ distillation: true }),
  /** The student's twin that nobody teaches. */
  scratch: z.boolean().default(true),
}

/**
 * Multi-modality teacher, single-modality student (recognition.md A2): L = L_AAM + α L_KL + β L_COS + γ L_MMD. The weights of the encoders, of the gate and of its classifier are fixed while the student
 * learns.
 */
export const FusionRecipe = z.strictObject({
  recipe: z.literal('fusion'),
  ...crossModal,
  /** Of the student's modality, frozen beside the teacher. */
  encoder: TeacherOptions,
  /** Gated multimodal unit over both encoders' embeddings, with its own additive angular margin. */
  fusion: z.strictObject({
    embedding: z.number().int().min(8).max(2048).default(256),
    fit: EmbeddingFit,
    /** 0.7 in the paper, of 5994 people; with fewer than 200, 0.35. */
    margin: MarginOptions.prefault({ margin: 0.35 }),
  }),
  distillation: z.strictObject({
    /** Posteriors softmax(cos(W, e) / T). `classifier`: whose W the student's embedding is judged by; the teacher's is always the fusion's. */
    kl: z.strictObject({ weight: weight(1), temperature: z.number().positive().max(100).default(1 / 32), classifier: z.enum(['fusion', 'own']).default('fusion') }).prefault({}),
    cosine: z.strictObject({ weight: weight(0) }).prefault({}),
    mmd: z.strictObject({ weight: weight(0) }).prefault({}),
  }).prefault({}),
})
export type FusionRecipe = z.infer<typeof FusionRecipe>

/** ECG -> PPG by CLIP-style alignment, relations of aligned features, and cross-knowledge assessment (recognition.md A4): L = L_task + L_KD + L_relation + L_assessment. */
export const ClipRecipe = z.strictObject({
  recipe: z.literal('clip'),
  ...crossModal,
  /** Projection heads over the frozen teacher and over an encoder of the student's modality, fitted by contrast with every window of the same person a positive. */
  alignment: z.strictObject({ network: NetworkOptions, projection: z.number().int().min(8).max(1024).default(128), fit: EmbeddingFit }),
  distillation: z.strictObject({
    logit: z.strictObject({ weight: weight(1), temperature: z.number().positive().max(100).default(3), scale: z.number().positive().max(256).default(16) }).prefault({}),
    relation: z.strictObject({ weight: weight(0.1), distance: z.number().min(0).default(25), angle: z.number().min(0).default(50) }).prefault({}),
    /** The student's features, carried into the teacher's space, judged by the teacher's frozen classifier. */
    assessment: z.strictObject({ weight: weight(1), temperature: z.number().positive().max(100).default(3), scale: z.number().positive().max(256).default(16) }).prefault({}),
  }).prefault({}),
})
export type ClipRecipe = z.infer<typeof ClipRecipe>

/** The published temperature of every form (recognition.md A3, A5); those that know none keep KD's. */
export const usualTemperature = { kd: 3, decoupled: 4, standardised: 3, relations: 3, cosine: 3, mmd: 3 } as const

const BridgeBase = z
  .strictObject({
    form: z.enum(['kd', 'relations', 'decoupled', 'standardised', 'cosine', 'mmd']).default('kd'),
    /** Left out: that of the form. */
    temperature: z.number().positive().max(100).optional(),
    scale: z.number().positive().max(256).default(16),
  })
  .transform(({ form, temperature = usualTemperature[form], scale }) => ({ form, temperature, scale }))

/** Distillation between recordings that were never made together (recognition.md A3): L = w_task L_task + w_base L_base + w_alignment λ (L_map + L_embedding). */
export const SembridgeRecipe = z.strictObject({
  recipe: z.literal('sembridge'),
  ...crossModal,
  matcher: z.strictObject({
    /** What it learns from: windows recorded together; a pulse made of the teacher's own windows; nothing: then windows are matched by heart rate and quality. */
    pairs: z.enum(['synchronous', 'pseudo', 'none']).default('pseudo'),
    network: NetworkOptions,
    projection: z.number().int().min(8).max(1024).default(128),
    temperature: z.number().positive().max(10).default(1),
    /** `soft`: softmax of the mean of both modalities' own similarities; `hard`: each to its own. */
    targets: z.enum(['soft', 'hard']).default('soft'),
    fit: EndToEndFit,
  }),
  /** Windows that overlap the student's in time are not offered to it: the pairing is destroyed, for an experiment. */
  excludeSynchronous: z.boolean().default(false),
  /** Parts of the training after which windows are matched anew: first, first + step, then with steps that grow by `growth` each. */
  rematch: z.strictObject({ first: z.number().min(0.01).max(1).default(0.15), step: z.number().min(0.01).max(1).default(0.15), growth: z.number().min(0).max(1).default(0.025) }).prefault({}),
  base: BridgeBase.prefault({}),
  alignment: z.strictObject({
    /** `attention`: learnt plans and second-order statistics; `sinkhorn`: entropic optimal transport of the embeddings. */
    plan: z.enum(['attention', 'sinkhorn']).default('attention'),
    weight: z.number().min(0).max(1000).default(0.01),
    heads: z.number().int().min(1).max(16).default(4),
    /** Of the median cost. */
    epsilon: z.number().min(0.01).max(1).default(0.05),
  }).prefault({}),
  weights: z.strictObject({ task: weight(0.3), base: weight(0.4), alignment: weight(0.3) }).prefault({}),
})
export type SembridgeRecipe = z.infer<typeof SembridgeRecipe>
