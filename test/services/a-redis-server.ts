import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'

/** Whether tests with Redis can be done here; where not, scripts/test.js says so in one line. */
export const hasRedis = (): boolean => spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Ends it, and returns when it has ended. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** A Redis server of its own on a free port of the loopback address, which keeps nothing on disk. */
export async function redisServer(): Promise<RedisServer> {
  const port = await freePort()
  let child: ChildProcess | null = null
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const started = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: ['ignore', 'pipe', 'ignore'] })
      child = started
      let said = ''
      started.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (said.includes('Ready to accept connections')) resolve()
      })
      started.once('error', reject)
      started.once('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${said}`)))
    })
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    start,
    stop: () =>
      new Promise((resolve) => {
        const ending = child
        if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return resolve()
        ending.once('exit', () => resolve())
        ending.kill('SIGKILL')
      }),
  }
}
