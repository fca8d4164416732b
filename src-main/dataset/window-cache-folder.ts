import { join } from 'node:path'

/** Where windows lie that were cut for training: derived, named by what they were made of, and gone with the first person who is erased. */
export const windowCacheFolder = (dataset: string): string => join(dataset, 'runs', '.windows')
