import { Recipe, type FitOptions, type NetworkPreset, type RecipeName, type RecipePreset } from '../../contract/index.ts'
import { unaugmented, withoutTime } from './joined.ts'

interface NetworkEffort {
  readonly preset: NetworkPreset
  readonly embedding: number
  readonly epochs: number
  readonly minimumSteps: number
  readonly rate: number
}

interface Effort {
  readonly teacher: NetworkEffort
  readonly student: NetworkEffort
  readonly patience: number | null
}

/**
 * How much is done. `quick` is for a laptop and for a first look: minutes for a hundred recordings. `standard` compresses for real: deit-mini has a tenth of the teacher's parameters. `paper` is
 * the published pair, ResNet-34 and DeiT-tiny, which in one dimension are about equally large (recognition.md A0.5).
 */
const efforts: Readonly<Record<RecipePreset, Effort>> = {
  quick: {
    teacher: { preset: 'resnet18-w16', embedding: 64, epochs: 15, minimumSteps: 600, rate: 2e-3 },
    student: { preset: 'deit-micro', embedding: 64, epochs: 30, minimumSteps: 1500, rate: 1e-3 },
    patience: null,
  },
  standard: {
    teacher: { preset: 'resnet34-w32', embedding: 256, epochs: 40, minimumSteps: 1500, rate: 2e-3 },
    student: { preset: 'deit-mini', embedding: 256, epochs: 80, minimumSteps: 4000, rate: 1e-3 },
    patience: 15,
  },
  paper: {
    teacher: { preset: 'resnet34-w64', embedding: 256, epochs: 60, minimumSteps: 3000, rate: 2e-3 },
    student: { preset: 'deit-tiny', embedding: 256, epochs: 150, minimumSteps: 10_000, rate: 5e-4 },
    patience: 30,
  },
}

/**
 * recognition.md A1: 16 x 4, clipped at 5, 5 % warm-up, cosine. Teacher: weight decay 1e-4; student: DeiT's 0.05. PPG is augmented as ECG is: neither breathing (modulation 0.3: equal error rate 15.4 % for
 * 15.1 %) nor a shift of 120 ms (14.9 %, and rank-1 1 point less) was a gain for a student alone after 400 steps on BIDMC, two seeds.
 */
function fit({ epochs, minimumSteps, rate }: NetworkEffort, weightDecay: number, patience: number | null): FitOptions {
  return {
    epochs, minimumSteps, rate, weightDecay, patience, people: 16, windowsPerPerson: 4, optimizer: 'adamw', schedule: { kind: 'cosine', warmUp: 0.05, floor: 0.01 }, clipNorm: 5, averageDecay: null,
    augmentation: { shiftMs: 16, amplitude: 0.1, noise: 0.05, modulation: 0, wander: 0 },
  }
}

const margin = { scale: 32, margin: 0.2 }

/** Windows of five seconds of ECG and PPG of one moment; the quick ones at the lowest rates that hold what the filters pass. */
function modalities(preset: RecipePreset): { windows: object; teacherWindows: object } {
  const common = { mode: 'window', seconds: 5, strideSeconds: 2.5 }
  const rates = preset === 'quick' ? { ecg: 125, ppg: 50 } : { ecg: 250, ppg: 125 }
  return { windows: { ...common, lane: 'ppg', rateHz: rates.ppg }, teacherWindows: { ...common, lane: 'ecg', rateHz: rates.ecg } }
}

/** A recipe with every value filled in. @example recipeOf('thkd', 'quick').teacher.network.preset // 'resnet18-w16' */
export function recipeOf(name: RecipeName, preset: RecipePreset): Recipe {
  const { teacher, student, patience } = efforts[preset]
  const teaching = { network: { preset: teacher.preset, embedding: teacher.embedding }, fit: fit(teacher, 1e-4, patience), margin, triplet: {} }
  const learning = { network: { preset: student.preset, embedding: student.embedding }, fit: fit(student, 0.05, patience), margin }
  switch (name) {
    case 'thkd':
      return Recipe.parse({ recipe: name, teacher: teaching, student: { ...learning, distillation: { logit: {}, stage: {}, embedding: {}, relation: {} } } })
    case 'fusion': {
      // A gate is learnt in a moment: it sees embeddings, not signals.
      const gate = fit({ ...teacher, epochs: 30, minimumSteps: 500, rate: 2e-3 }, 1e-4, patience)
      return Recipe.parse({ recipe: name, ...modalities(preset), teacher: teaching, encoder: teaching, fusion: { embedding: student.embedding, fit: { ...gate, augmentation: unaugmented } }, student: learning })
    }
    case 'clip':
      return Recipe.parse({ recipe: name, ...modalities(preset), teacher: teaching, alignment: { network: learning.network, fit: { ...learning.fit, augmentation: unaugmented } }, student: learning })
    case 'sembridge':
      return Recipe.parse({ recipe: name, ...modalities(preset), teacher: teaching, matcher: { network: teaching.network, fit: { ...teaching.fit, rate: 1e-3, weightDecay: 1e-3, augmentation: { ...teaching.fit.augmentation, ...withoutTime } } }, student: learning })
    case 'teacher':
      return Recipe.parse({ recipe: name, teacher: teaching })
    case 'scratch':
      return Recipe.parse({ recipe: name, student: learning })
    case 'lda':
    case 'template':
      return Recipe.parse({ recipe: name })
  }
}

/** The recipe for so many people: a batch holds no more of them than there are. */
export function fittedTo<R extends Recipe>(recipe: R, people: number): R {
  const limited = <O extends { fit: FitOptions }>(options: O): O => ({ ...options, fit: { ...options.fit, people: Math.max(2, Math.min(options.fit.people, people)) } })
  return {
    ...recipe,
    ...('encoder' in recipe ? { encoder: limited(recipe.encoder) } : {}),
    ...('fusion' in recipe ? { fusion: limited(recipe.fusion) } : {}),
    ...('alignment' in recipe && 'fit' in recipe.alignment ? { alignment: limited(recipe.alignment) } : {}),
    ...('matcher' in recipe ? { matcher: limited(recipe.matcher) } : {}),
    ...('teacher' in recipe ? { teacher: limited(recipe.teacher) } : {}),
    ...('student' in recipe ? { student: limited(recipe.student) } : {}),
  }
}
