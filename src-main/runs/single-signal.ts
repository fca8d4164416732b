import { joinedModels, LabError, type ModelName } from '../contract/index.ts'

/** For whatever gives a model the windows of one recording's lane. @throws LabError `model-not-found` for a model that sees two signals at once: of one lane's windows it would say nothing that means anything. */
export function requireSingleSignal(model: ModelName): void {
  if (joinedModels.includes(model)) throw new LabError('model-not-found', `The model "${model}" sees both signals at once, and only in training: it can neither recognise people from one of them nor be exported. Choose the student, the teacher or another model of one signal.`, { model })
}
