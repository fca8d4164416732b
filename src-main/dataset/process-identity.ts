import { readFileSync } from 'node:fs'
import { hostname, uptime } from 'node:os'
import { z } from 'zod'

/** Who holds a lock, precisely enough to tell later whether that very process still runs. */
export const ProcessIdentity = z.object({
  pid: z.number().int().positive(),
  host: z.string(),
  /** Linux: the kernel's boot id. Elsewhere empty, and `uptimeSeconds` has to do. */
  bootId: z.string(),
  /** Seconds since boot when this was written: an uptime that has become smaller proves a reboot, whatever the wall clock did. */
  uptimeSeconds: z.number(),
  /** Linux: the process's start in clock ticks since boot, from /proc/PID/stat; tells a reused pid. `null` elsewhere. */
  startTicks: z.number().nullable(),
})
export type ProcessIdentity = z.infer<typeof ProcessIdentity>

/** Contents of a /proc file, or `null` where there is none. */
function procFile(path: string): string | null {
  if (process.platform !== 'linux') return null
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** Field 22 (starttime) of /proc/PID/stat, counted after the command name, which may hold blanks and parentheses. Source: proc(5). */
function startTicksOf(pid: number): number | null {
  const stat = procFile(`/proc/${pid}/stat`)
  if (stat === null) return null
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  return Number.isFinite(ticks) ? ticks : null
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    host: hostname(),
    bootId: procFile('/proc/sys/kernel/random/boot_id')?.trim() ?? '',
    uptimeSeconds: uptime(),
    startTicks: startTicksOf(process.pid),
  }
}

/**
 * Whether that process certainly runs no more. In doubt - another host, no permission to look - it counts as alive: taking over from a living
 * writer would destroy data, waiting for a dead one costs a person one look at the message.
 */
export function isGone(owner: ProcessIdentity, here: ProcessIdentity = thisProcess()): boolean {
  if (owner.host !== here.host) return false
  if (owner.bootId !== '' && here.bootId !== '' && owner.bootId !== here.bootId) return true
  if (owner.uptimeSeconds > here.uptimeSeconds + 1) return true
  try {
    process.kill(owner.pid, 0)
  } catch (thrown) {
    // EPERM: it exists and belongs to somebody else.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH'
  }
  const startTicks = startTicksOf(owner.pid)
  return owner.startTicks !== null && startTicks !== null && startTicks !== owner.startTicks
}
