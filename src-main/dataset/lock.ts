import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { LabError } from '../contract/index.ts'
import type { Files } from './files.ts'
import { isGone, ProcessIdentity, thisProcess } from './process-identity.ts'

/**
 * One writer per dataset. `.lock` names its owner and a random token, and is created exclusively (O_EXCL). A dead owner's lock is taken over
 * without a race: whoever exclusively creates `.lock.TOKEN.claim`, TOKEN being the dead owner's, has won that one lock and replaces it by
 * rename. A winner that dies before that is itself the dead end of a chain - lock, claim, claim of the claim - and is claimed in turn.
 * Tokens are never reused, so a claim that comes late is off the chain; its maker sees that and starts over.
 */
const LockContent = ProcessIdentity.extend({ token: z.string().regex(/^[0-9a-f]{32}$/), since: z.string() })
type LockContent = z.infer<typeof LockContent>

/** A lock without readable content is being written now, or its writer died in that very moment; after this it is the latter. */
const tornAfterMs = 5000
const attempts = 400

export interface DatasetLock {
  /** Whose dead lock this one replaced. */
  readonly takenOver: boolean
  /** Gives the lock back; safe to call twice. */
  release(): Promise<void>
}

interface Link {
  readonly path: string
  readonly token: string
  /** `null`: torn content. */
  readonly owner: LockContent | null
  readonly torn: boolean
}

/**
 * Takes the writer's lock of a dataset folder.
 * @throws LabError `dataset-locked` with who holds it (`pid`, `host`, `since`), `dataset-not-writable`, `dataset-full`.
 */
export async function acquireLock(files: Files, folder: string, options: { now?: () => number; identity?: ProcessIdentity } = {}): Promise<DatasetLock> {
  const { now = () => Date.now(), identity = thisProcess() } = options
  const path = join(folder, '.lock')
  const mine: LockContent = { ...identity, token: randomBytes(16).toString('hex'), since: new Date(now()).toISOString() }
  const held = (takenOver: boolean): DatasetLock => ({ takenOver, release: () => releaseLock(files, path, mine.token) })

  for (let attempt = 0; attempt < attempts; attempt++) {
    const chain = await readChain(files, folder)
    const end = chain.at(-1)
    if (end === undefined) {
      if ((await createLink(files, path, mine)) && (await endsWith(files, folder, mine.token))) return held(false)
      continue
    }
    if (end.torn && Date.now() - ((await files.stat(end.path))?.modifiedMs ?? 0) < tornAfterMs) {
      await sleep(25)
      continue
    }
    if (end.owner !== null && !isGone(end.owner, identity)) throw lockedBy(folder, end.owner)
    const claim = claimPath(folder, end.token)
    if (!(await createLink(files, claim, mine))) continue
    if (!(await endsWith(files, folder, mine.token))) {
      await files.remove(claim)
      continue
    }
    await replaceLock(files, folder, mine)
    // The lock is held whether or not the litter can be removed.
    await sweep(files, folder).catch(() => undefined)
    return held(true)
  }
  throw new LabError('dataset-locked', `The lock of ${folder} keeps changing hands.`, { path: folder })
}

/** Who writes to the dataset right now, for readers; `null` when nobody does. Never waits. */
export async function lockHolder(files: Files, folder: string): Promise<{ pid: number; host: string; since: string } | null> {
  const owner = (await readChain(files, folder)).at(-1)?.owner ?? null
  return owner === null || isGone(owner) ? null : { pid: owner.pid, host: owner.host, since: owner.since }
}

const claimPath = (folder: string, token: string): string => join(folder, `.lock.${token}.claim`)

function lockedBy(folder: string, owner: LockContent): LabError {
  const here = owner.pid === process.pid && owner.host === thisProcess().host
  const who = here ? 'this program itself' : `another program (process ${owner.pid} on ${owner.host})`
  return new LabError('dataset-locked', `The dataset ${folder} is open for writing in ${who} since ${owner.since}.`, {
    path: folder,
    pid: owner.pid,
    host: owner.host,
    since: owner.since,
  })
}

/** From `.lock` along the claims; the last link's owner is the one that counts. Empty: no lock. */
async function readChain(files: Files, folder: string): Promise<Link[]> {
  const chain: Link[] = []
  for (let path = join(folder, '.lock'); ; ) {
    const link = await readLink(files, path)
    if (link === null) return chain
    chain.push(link)
    path = claimPath(folder, link.token)
  }
}

async function readLink(files: Files, path: string): Promise<Link | null> {
  const found = await files.stat(path)
  if (found === null) return null
  try {
    const owner = LockContent.parse(JSON.parse(new TextDecoder().decode(await files.readFile(path))))
    return { path, token: owner.token, owner, torn: false }
  } catch (thrown) {
    if (thrown instanceof LabError) {
      if (thrown.code === 'file-not-found') return null
      throw thrown
    }
    return { path, token: `torn-${Math.floor(found.modifiedMs)}-${found.bytes}`, owner: null, torn: true }
  }
}

async function endsWith(files: Files, folder: string, token: string): Promise<boolean> {
  return (await readChain(files, folder)).at(-1)?.token === token
}

/** Exclusive creation with content; `false` when somebody else was first. A failed write leaves nothing. */
async function createLink(files: Files, path: string, content: LockContent): Promise<boolean> {
  let file
  try {
    file = await files.open(path, 'create')
  } catch (thrown) {
    if (thrown instanceof LabError && thrown.data.errno === 'EEXIST') return false
    throw thrown
  }
  try {
    await file.write(new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`))
  } catch (thrown) {
    // The write's own error is what counts; a lock that stays behind is torn and is taken over in time.
    await files.remove(path).catch(() => undefined)
    throw thrown
  } finally {
    await file.close()
  }
  return true
}

/** Removes claims and half-made locks that dead takers left: none of them can matter while this lock is held. */
async function sweep(files: Files, folder: string): Promise<void> {
  for (const { name } of await files.list(folder)) if (/^\.lock\..+\.(claim|new)$/.test(name)) await files.remove(join(folder, name))
}

/** Puts the whole content over the dead lock in one step. */
async function replaceLock(files: Files, folder: string, content: LockContent): Promise<void> {
  const temporary = join(folder, `.lock.${content.token}.new`)
  await createLink(files, temporary, content)
  await files.rename(temporary, join(folder, '.lock'))
}

async function releaseLock(files: Files, path: string, token: string): Promise<void> {
  const link = await readLink(files, path)
  if (link?.token === token) await files.remove(path)
}
