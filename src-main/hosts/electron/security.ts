import type { App, IpcMainEvent, Session, WebContents } from 'electron'

export const appScheme = 'app'
export const appOrigin = 'app://pulseprint'

/** Is this address the app's own renderer? Compared by parsed origin: `app://pulseprint.example/` is not. */
export function isAppUrl(url: string): boolean {
  try {
    const { protocol, host } = new URL(url)
    return protocol === `${appScheme}:` && host === 'pulseprint'
  } catch (_notAUrl) {
    return false
  }
}

/** A message counts only when the app's own main frame sent it. */
export function isTrustedSender(event: Pick<IpcMainEvent, 'senderFrame' | 'sender'>): boolean {
  const frame = event.senderFrame
  return frame !== null && frame === event.sender.mainFrame && isAppUrl(frame.url)
}

/** No page of ours needs a browser permission or a device: everything is denied, in every form in which Electron asks. */
export function hardenSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, decide) => decide(false))
  session.setPermissionCheckHandler(() => false)
  session.setDevicePermissionHandler(() => false)
  session.setDisplayMediaRequestHandler((_request, decide) => decide({}))
  session.on('will-download', (event) => event.preventDefault())
  // Nothing leaves the machine: only the app's own files are ever requested.
  session.webRequest.onBeforeRequest((details, decide) => {
    const own = isAppUrl(details.url) || details.url.startsWith('devtools://') || details.url.startsWith('blob:') || details.url.startsWith('data:')
    decide({ cancel: !own })
  })
}

/** Navigation, new windows and embedded views are denied for every web contents that ever comes to be. */
export function hardenContents(contents: WebContents): void {
  contents.on('will-navigate', (event, url) => {
    if (!isAppUrl(url)) event.preventDefault()
  })
  contents.on('will-redirect', (event) => event.preventDefault())
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
}

export function hardenApp(app: App): void {
  app.enableSandbox()
  app.on('web-contents-created', (_event, contents) => hardenContents(contents))
  app.on('certificate-error', (event, _contents, _url, _error, _certificate, decide) => {
    event.preventDefault()
    decide(false)
  })
}
