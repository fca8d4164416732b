import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { RpcServer } from '../../../src-main/contract/index.ts'
import { serveAppScheme } from '../../../src-main/hosts/electron/app-protocol.ts'
import { runDesktop, type Desktop } from '../../../src-main/hosts/electron/desktop.ts'
import { isAppUrl } from '../../../src-main/hosts/electron/security.ts'
import type { Lab } from '../../../src-main/services/lab.ts'
import { FakeApp, FakeContents, fakeEvent, FakePowerSaveBlocker, FakeSession, FakeWindow } from './fake-electron.ts'

interface Rig {
  app: FakeApp
  session: FakeSession
  blocker: FakePowerSaveBlocker
  windows: FakeWindow[]
  ipc: EventEmitter
  server: RpcServer
  lab: { recording: boolean; closed: boolean; tell: (recording: boolean) => void }
  asked: number
}

async function start(firstInstance = true): Promise<Rig> {
  const server = new RpcServer()
  const listeners: ((status: { recording: unknown }) => void)[] = []
  const rig: Rig = {
    app: new FakeApp(firstInstance),
    session: new FakeSession(),
    blocker: new FakePowerSaveBlocker(),
    windows: [],
    ipc: new EventEmitter(),
    server,
    asked: 0,
    lab: {
      recording: false,
      closed: false,
      tell(recording) {
        rig.lab.recording = recording
        for (const listener of listeners) listener({ recording: recording ? {} : null })
      },
    },
  }
  const emit = server.emit.bind(server)
  vi.spyOn(server, 'emit').mockImplementation((event, payload) => {
    if (event === 'lab.closeRequested') rig.asked++
    emit(event, payload)
  })
  const lab = {
    server,
    onStatus: (listener: (status: { recording: unknown }) => void) => void listeners.push(listener),
    isRecording: () => rig.lab.recording,
    close: () => {
      rig.lab.closed = true
      return Promise.resolve()
    },
  }
  const desktop = {
    app: rig.app,
    ipcMain: rig.ipc,
    dialog: { showOpenDialog: () => Promise.resolve({ filePaths: ['/data/lab'] }) },
    powerSaveBlocker: rig.blocker,
    preload: '/preload.cjs',
    defaultSession: () => rig.session,
    createChannel: () => {
      const port = Object.assign(new EventEmitter(), { postMessage: () => undefined, start: () => undefined, close: () => undefined })
      return { port1: port, port2: port }
    },
    createWindow: (options: unknown) => {
      const window = new FakeWindow(options)
      rig.windows.push(window)
      return window
    },
    allWindows: () => rig.windows.filter((window) => !window.destroyed),
    serveFiles: () => Promise.resolve(),
    createLab: () => lab as unknown as Lab,
  }
  await runDesktop(desktop as unknown as Desktop)
  return rig
}

const firstWindow = (rig: Rig): FakeWindow => {
  const [window] = rig.windows
  if (!window) throw new Error('no window was opened')
  return window
}

describe('the desktop shell', () => {
  it('opens one sandboxed, isolated window without Node on its own scheme', async () => {
    const rig = await start()
    expect(rig.app.sandboxed).toBe(true)
    expect(rig.windows).toHaveLength(1)
    expect(firstWindow(rig).url).toBe('app://pulseprint/')
    expect(firstWindow(rig).options).toMatchObject({
      webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false, nodeIntegrationInSubFrames: false, nodeIntegrationInWorker: false, webSecurity: true, webviewTag: false },
    })
  })

  it('denies every permission, device, download and foreign request', async () => {
    const { session } = await start()
    const decisions: unknown[] = []
    for (const permission of ['media', 'geolocation', 'notifications', 'serial', 'usb', 'hid', 'clipboard-read', 'fullscreen']) {
      session.permissionRequest?.({}, permission, (granted: unknown) => decisions.push(granted))
    }
    expect(decisions).toEqual(Array(8).fill(false))
    expect(session.permissionCheck?.()).toBe(false)
    expect(session.devicePermission?.()).toBe(false)
    const download = fakeEvent()
    session.emit('will-download', download)
    expect(download.prevented).toBe(true)
    const cancelled = (url: string): boolean => {
      let answer = false
      session.beforeRequest?.({ url }, ({ cancel }) => (answer = cancel))
      return answer
    }
    for (const url of ['https://example.org/', 'http://127.0.0.1:8000/', 'file:///etc/passwd', 'app://other/', 'ws://127.0.0.1/', 'app://pulseprint.example/']) {
      expect(cancelled(url), url).toBe(true)
    }
    expect(cancelled('app://pulseprint/assets/index.js')).toBe(false)
  })

  it('denies navigation, redirects, new windows and webviews in every web contents', async () => {
    const { app } = await start()
    const contents = new FakeContents()
    app.emit('web-contents-created', {}, contents)
    expect(contents.openHandler?.({ url: 'https://example.org' })).toEqual({ action: 'deny' })
    for (const [name, url] of [['will-navigate', 'https://example.org/'], ['will-navigate', 'file:///etc/passwd'], ['will-redirect', 'https://example.org/'], ['will-attach-webview', '']] as const) {
      const event = fakeEvent()
      contents.emit(name, event, url)
      expect(event.prevented, name).toBe(true)
    }
  })

  it('gives a channel only to the main frame of its own page', async () => {
    const rig = await start()
    const contents = firstWindow(rig).webContents
    const connect = (senderFrame: unknown): void => void rig.ipc.emit('pulseprint:connect', { sender: contents, senderFrame })
    connect(null)
    connect({ url: 'app://pulseprint/', postMessage: () => undefined })
    contents.mainFrame.url = 'https://example.org/'
    connect(contents.mainFrame)
    expect(rig.server.callers).toBe(0)
    contents.mainFrame.url = 'app://pulseprint/index.html'
    connect(contents.mainFrame)
    expect(rig.server.callers).toBe(1)
    expect(contents.mainFrame.posted).toHaveLength(1)
  })

  it('keeps the computer awake exactly while recording', async () => {
    const rig = await start()
    expect(rig.blocker.running.size).toBe(0)
    rig.lab.tell(true)
    rig.lab.tell(true)
    expect(rig.blocker.running.size).toBe(1)
    rig.lab.tell(false)
    expect(rig.blocker.running.size).toBe(0)
  })

  it('asks before closing or quitting while recording, and quits only after the services have closed', async () => {
    const rig = await start()
    rig.lab.tell(true)
    expect(firstWindow(rig).tryClose()).toBe(false)
    rig.app.quit()
    expect(rig.asked).toBe(2)
    expect(rig.app.quits).toBe(0)
    expect(rig.lab.closed).toBe(false)
    rig.lab.tell(false)
    expect(firstWindow(rig).tryClose()).toBe(true)
    rig.app.quit()
    await vi.waitFor(() => expect(rig.app.quits).toBe(1))
    expect(rig.lab.closed).toBe(true)
  })

  it('opens a new window after a renderer crash and leaves the recording alone', async () => {
    const rig = await start()
    rig.lab.tell(true)
    firstWindow(rig).webContents.crashed = true
    firstWindow(rig).webContents.emit('render-process-gone', {}, { reason: 'crashed' })
    expect(rig.windows).toHaveLength(2)
    expect(firstWindow(rig).destroyed).toBe(true)
    expect(rig.lab.recording).toBe(true)
    expect(rig.lab.closed).toBe(false)
    expect(rig.app.quits).toBe(0)
  })

  it('is one instance: the second one quits, the first one comes to the front', async () => {
    const second = await start(false)
    expect(second.windows).toHaveLength(0)
    expect(second.app.quits).toBe(1)
    const rig = await start()
    firstWindow(rig).minimised = true
    rig.app.emit('second-instance')
    expect(firstWindow(rig).minimised).toBe(false)
    expect(firstWindow(rig).focused).toBe(1)
  })
})

describe('the app scheme', () => {
  it('serves only listed files, with the content security policy', async () => {
    let handler: (request: { url: string; method: string }) => Response = () => new Response()
    const protocol = { handle: (_scheme: string, given: typeof handler) => (handler = given) }
    const bytes = new TextEncoder().encode('<!doctype html>')
    serveAppScheme(protocol as never, new Map([['/index.html', { contentType: 'text/html; charset=utf-8', bytes, immutable: false }]]))
    const page = handler({ url: 'app://pulseprint/', method: 'GET' })
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await page.text()).toBe('<!doctype html>')
    for (const url of ['app://pulseprint/../package.json', 'app://pulseprint/missing.js', 'app://other/index.html', 'app://pulseprint/%2e%2e/%2e%2e/etc/passwd']) {
      expect(handler({ url, method: 'GET' }).status, url).toBe(404)
    }
    expect(handler({ url: 'app://pulseprint/', method: 'POST' }).status).toBe(404)
  })

  it('knows its own addresses from look-alikes', () => {
    expect(['app://pulseprint/', 'app://pulseprint/index.html#x'].every(isAppUrl)).toBe(true)
    expect(['app://pulseprint.example/', 'app://other/', 'https://pulseprint/', 'apps://pulseprint/', 'not a url'].some(isAppUrl)).toBe(false)
  })
})

describe('packaging', () => {
  it('flips the fuses that would let somebody run the app as plain Node', () => {
    const file = readFileSync(resolve(import.meta.dirname, '../../../electron-builder.yml'), 'utf8')
    for (const [fuse, value] of Object.entries({ runAsNode: false, enableNodeOptionsEnvironmentVariable: false, enableNodeCliInspectArguments: false, onlyLoadAppFromAsar: true, enableEmbeddedAsarIntegrityValidation: true, grantFileProtocolExtraPrivileges: false })) {
      expect(file).toContain(`${fuse}: ${String(value)}`)
    }
    for (const target of ['win:', 'mac:', 'linux:']) expect(file).toContain(target)
  })
})
