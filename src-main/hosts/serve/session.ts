import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/**
 * Who may talk to the served app: whoever opened the printed URL once. The token becomes an HttpOnly, SameSite=Strict cookie; Host
 * and Origin must be this very server, so that neither a foreign page nor a rebound DNS name gets in.
 */
export class Session {
  readonly token = randomBytes(24).toString('base64url')
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/?token=${this.token}`
  }

  /** Cookies do not know ports; the name does, so that two servers do not log each other out. */
  get #cookieName(): string {
    return `pulseprint-${this.#port}`
  }

  get cookie(): string {
    return `${this.#cookieName}=${this.token}; Path=/; HttpOnly; SameSite=Strict`
  }

  isToken(candidate: string | null): boolean {
    if (candidate === null) return false
    const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
    return timingSafeEqual(digest(candidate), digest(this.token))
  }

  hasCookie(request: IncomingMessage): boolean {
    const cookies = (request.headers.cookie ?? '').split(';').map((part) => part.trim())
    const found = cookies.find((part) => part.startsWith(`${this.#cookieName}=`))
    return this.isToken(found === undefined ? null : found.slice(this.#cookieName.length + 1))
  }

  isOwnHost(request: IncomingMessage): boolean {
    return this.#hosts.includes(request.headers.host ?? '')
  }

  isOwnOrigin(request: IncomingMessage): boolean {
    const origin = request.headers.origin ?? ''
    return this.isOwnHost(request) && origin === `http://${request.headers.host ?? ''}`
  }

  get #hosts(): string[] {
    return [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`]
  }
}
