import { EventEmitter } from 'node:events'

type Listener = (...args: unknown[]) => void

/** The part of a BrowserWindow that the host's policy meets. */
export class FakeWindow extends EventEmitter {
  readonly webContents = new FakeContents()
  readonly options: unknown
  url = ''
  shown = false
  destroyed = false
  focused = 0
  minimised = false

  constructor(options: unknown) {
    super()
    this.options = options
  }

  loadURL(url: string): Promise<void> {
    this.url = url
    return Promise.resolve()
  }
  show(): void {
    this.shown = true
  }
  destroy(): void {
    this.destroyed = true
  }
  isMinimized(): boolean {
    return this.minimised
  }
  restore(): void {
    this.minimised = false
  }
  focus(): void {
    this.focused++
  }
  /** What the window manager's close button does: true when it was allowed. */
  tryClose(): boolean {
    const event = fakeEvent()
    this.emit('close', event)
    return !event.prevented
  }
}

export class FakeContents extends EventEmitter {
  openHandler: ((details: { url: string }) => { action: string }) | null = null
  crashed = false
  readonly mainFrame = { url: 'app://pulseprint/', posted: [] as unknown[], postMessage: (...args: unknown[]) => void this.mainFrame.posted.push(args) }

  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.openHandler = handler
  }
  isCrashed(): boolean {
    return this.crashed
  }
}

export class FakeSession extends EventEmitter {
  permissionRequest: Listener | null = null
  permissionCheck: (() => boolean) | null = null
  devicePermission: (() => boolean) | null = null
  displayMedia: Listener | null = null
  beforeRequest: ((details: { url: string }, decide: (answer: { cancel: boolean }) => void) => void) | null = null
  readonly webRequest = {
    onBeforeRequest: (handler: (details: { url: string }, decide: (answer: { cancel: boolean }) => void) => void) => {
      this.beforeRequest = handler
    },
  }

  setPermissionRequestHandler(handler: Listener): void {
    this.permissionRequest = handler
  }
  setPermissionCheckHandler(handler: () => boolean): void {
    this.permissionCheck = handler
  }
  setDevicePermissionHandler(handler: () => boolean): void {
    this.devicePermission = handler
  }
  setDisplayMediaRequestHandler(handler: Listener): void {
    this.displayMedia = handler
  }
}

export class FakeApp extends EventEmitter {
  sandboxed = false
  quits = 0
  readonly firstInstance: boolean

  constructor(firstInstance = true) {
    super()
    this.firstInstance = firstInstance
  }

  requestSingleInstanceLock(): boolean {
    return this.firstInstance
  }
  enableSandbox(): void {
    this.sandboxed = true
  }
  whenReady(): Promise<void> {
    return Promise.resolve()
  }
  /** Like Electron's: tells before-quit first, and does not quit when a listener prevents it. */
  quit(): void {
    const event = fakeEvent()
    this.emit('before-quit', event)
    if (!event.prevented) this.quits++
  }
}

export class FakePowerSaveBlocker {
  readonly running = new Set<number>()
  #next = 1
  start(): number {
    this.running.add(this.#next)
    return this.#next++
  }
  stop(id: number): void {
    this.running.delete(id)
  }
}

export function fakeEvent(): { prevented: boolean; preventDefault(): void } {
  const event = {
    prevented: false,
    preventDefault: () => {
      event.prevented = true
    },
  }
  return event
}
