import type { Engine } from '../../../src-main/learning/engine/engine.ts'
import { FrozenAnswers } from '../../../src-main/runs/frozen-answers.ts'
import type { Pace } from '../../../src-main/runs/pace.ts'

/** Work that nobody asks anything of. */
export const unasked: Pace = () => Promise.resolve()

/** Planning with an engine, where nothing was answered yet. */
export const planningWith = (engine: Engine) => ({ engine, frozen: new FrozenAnswers(engine), pace: unasked })
