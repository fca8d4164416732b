import { fileError, nodeFiles, type Files, type OpenFile } from '../../src-main/dataset/files.ts'

export interface Fault {
  readonly verb: 'write' | 'sync' | 'rename' | 'open' | 'truncate' | 'readFile'
  readonly errno: string
  /** Part of the path. */
  readonly path: string
  /** Which matching call fails, from 1; from then on every one. */
  readonly from: number
  /** Bytes that a failing write still puts down. */
  readonly short?: number
}

/** The real file system with one thing that fails. `fault` may be changed and taken away at any time. */
export class FaultyFiles {
  fault: Fault | null = null
  #calls = 0

  readonly files: Files = {
    ...nodeFiles,
    open: async (path, mode) => {
      this.#check('open', path)
      return this.#wrap(path, await nodeFiles.open(path, mode))
    },
    rename: async (from, to) => {
      this.#check('rename', to)
      return nodeFiles.rename(from, to)
    },
    readFile: async (path) => {
      this.#check('readFile', path)
      return nodeFiles.readFile(path)
    },
  }

  set(fault: Fault | null): void {
    this.fault = fault
    this.#calls = 0
  }

  #fails(verb: Fault['verb'], path: string): boolean {
    const fault = this.fault
    if (!fault || fault.verb !== verb || !path.includes(fault.path)) return false
    return ++this.#calls >= fault.from
  }

  #check(verb: Fault['verb'], path: string): void {
    if (this.#fails(verb, path)) throw this.#error(path)
  }

  #error(path: string): unknown {
    const errno = this.fault?.errno ?? 'EIO'
    return fileError(Object.assign(new Error(errno), { code: errno }), path, this.fault?.verb === 'readFile' ? 'read' : 'write')
  }

  #wrap(path: string, file: OpenFile): OpenFile {
    return {
      ...file,
      write: async (bytes, position) => {
        if (this.#fails('write', path)) {
          if (this.fault?.short) await file.write(bytes.subarray(0, this.fault.short), position)
          throw this.#error(path)
        }
        return file.write(bytes, position)
      },
      sync: async () => {
        this.#check('sync', path)
        return file.sync()
      },
      truncate: async (bytes) => {
        this.#check('truncate', path)
        return file.truncate(bytes)
      },
    }
  }
}
