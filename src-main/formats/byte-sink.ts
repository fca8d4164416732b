/** Takes bytes in their order; resolves when it can take more. The bytes are the sink's to keep. */
export type ByteSink = (bytes: Uint8Array) => Promise<void>
