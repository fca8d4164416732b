import { Dataset } from '../dataset/dataset.ts'

/** One piece of work on a dataset folder that is not open otherwise: what the command line and the worker threads do. @throws LabError as `Dataset.open` and `work`. */
export async function withDataset<T>(path: string, access: 'read' | 'write', work: (dataset: Dataset) => Promise<T>): Promise<T> {
  const dataset = await Dataset.open(path, { access })
  try {
    return await work(dataset)
  } finally {
    await dataset.close()
  }
}
