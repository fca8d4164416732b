import type {
  App,
  BrowserWindow,
  BrowserWindowConstructorOptions,
  Dialog,
  IpcMain,
  MessageChannelMain,
  PowerSaveBlocker,
  Session,
} from 'electron'
import type { Lab } from '../../services/lab.ts'
import { connectWindows, openLabWindow, windowOptions, type WindowHost } from './lab-window.ts'
import { RecordingPower } from './power.ts'
import { hardenApp, hardenSession } from './security.ts'

/** Electron as this host needs it: handed in by main.ts, a fake in the tests. */
export interface Desktop {
  readonly app: App
  readonly ipcMain: IpcMain
  readonly dialog: Dialog
  readonly powerSaveBlocker: PowerSaveBlocker
  readonly preload: string
  defaultSession(): Session
  createChannel(): MessageChannelMain
  createWindow(options: BrowserWindowConstructorOptions): BrowserWindow
  allWindows(): BrowserWindow[]
  serveFiles(): Promise<void>
  createLab(pickFolder: () => Promise<string | null>): Lab
}

/** The desktop app from start to quit. */
export async function runDesktop(desktop: Desktop): Promise<void> {
  const { app } = desktop
  if (!app.requestSingleInstanceLock()) return app.quit()
  hardenApp(app)
  await app.whenReady()
  hardenSession(desktop.defaultSession())
  await desktop.serveFiles()

  const lab = desktop.createLab(async () => {
    const picked = await desktop.dialog.showOpenDialog({ properties: ['openDirectory', 'createDirectory'] })
    return picked.filePaths[0] ?? null
  })
  const power = new RecordingPower(desktop.powerSaveBlocker)
  lab.onStatus((status) => power.update(status.recording !== null))
  connectWindows(desktop.ipcMain, lab.server, () => desktop.createChannel())

  let current: BrowserWindow | null = null
  const host: WindowHost = {
    createWindow: () => desktop.createWindow(windowOptions(desktop.preload)),
    isRecording: () => lab.isRecording(),
    askToClose: () => lab.server.emit('lab.closeRequested', { recording: true }),
  }
  const open = (): void => openLabWindow(host, (window) => (current = window))
  open()

  app.on('second-instance', () => {
    if (current?.isMinimized()) current.restore()
    current?.focus()
  })
  app.on('activate', () => {
    if (desktop.allWindows().length === 0) open()
  })
  app.on('window-all-closed', () => app.quit())

  // Quitting waits until the services have closed: dataset lock released, device stopped, nothing half written.
  let closed = false
  app.on('before-quit', (event) => {
    if (closed) return
    event.preventDefault()
    if (lab.isRecording()) return host.askToClose()
    void lab.close().finally(() => {
      closed = true
      app.quit()
    })
  })
}
