import type { Protocol } from 'electron'
import { securityHeaders } from '../content-security.ts'
import type { RendererFile } from '../renderer-files.ts'
import { appScheme, isAppUrl } from './security.ts'

/** Must run before the app is ready. */
export function registerAppScheme(protocol: Protocol): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: appScheme, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ])
}

/** Serves the built renderer at `app://pulseprint/`, from a fixed list of files. */
export function serveAppScheme(protocol: Protocol, files: ReadonlyMap<string, RendererFile>): void {
  protocol.handle(appScheme, (request) => {
    const { pathname } = new URL(request.url)
    const file = isAppUrl(request.url) && request.method === 'GET' ? files.get(pathname === '/' ? '/index.html' : pathname) : undefined
    if (!file) return new Response('There is no such file.', { status: 404, headers: { ...securityHeaders } })
    return new Response(file.bytes, { headers: { ...securityHeaders, 'Content-Type': file.contentType } })
  })
}
