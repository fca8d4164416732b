import { LabError } from '../../../contract/errors.ts'
import type { OnnxType } from './graph.ts'

/** The TensorFlow.js types that a step may hold. @throws LabError `engine-failed` for complex and string tensors. */
export function onnxTypeOf(dtype: string): Exclude<OnnxType, 'int64' | 'uint8'> {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype
  throw new LabError('engine-failed', `A step cannot hold ${dtype} tensors.`, { dtype })
}
