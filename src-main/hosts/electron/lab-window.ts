import type { BrowserWindow, BrowserWindowConstructorOptions, IpcMain, MessageChannelMain } from 'electron'
import type { RpcServer } from '../../contract/index.ts'
import { messagePortMainWire } from '../../contract/wires/message-port-wire.ts'
import { appOrigin, isTrustedSender } from './security.ts'

/** The window's options: sandboxed, isolated, no Node. */
export function windowOptions(preload: string): BrowserWindowConstructorOptions {
  return {
    width: 1280,
    height: 800,
    minWidth: 1024,
    minHeight: 640,
    show: false,
    title: 'Pulseprint',
    autoHideMenuBar: true,
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      nodeIntegrationInWorker: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
      // The live view must not be throttled while the window is covered: alarms sound from it.
      backgroundThrottling: false,
    },
  }
}

export interface WindowHost {
  createWindow(): BrowserWindow
  isRecording(): boolean
  /** Ask the technician in the window: stop the recording, or stay. */
  askToClose(): void
}

/**
 * Opens the lab's window and keeps one open: when its renderer dies, a new window takes its place and the recording, which lives in
 * this process, never notices. Closing while recording is asked first.
 */
export function openLabWindow(host: WindowHost, onOpened: (window: BrowserWindow) => void): void {
  const window = host.createWindow()
  onOpened(window)
  window.once('ready-to-show', () => window.show())
  window.on('close', (event) => {
    if (!host.isRecording() || window.webContents.isCrashed()) return
    event.preventDefault()
    host.askToClose()
  })
  window.webContents.on('render-process-gone', (_event, details) => {
    if (details.reason === 'clean-exit') return
    openLabWindow(host, onOpened)
    window.destroy()
  })
  void window.loadURL(`${appOrigin}/`)
}

/** Gives each window that asks, and is ours, one end of a channel to the services. */
export function connectWindows(ipc: IpcMain, server: RpcServer, createChannel: () => MessageChannelMain): void {
  ipc.on('pulseprint:connect', (event) => {
    if (!isTrustedSender(event)) return
    const { port1, port2 } = createChannel()
    server.attach(messagePortMainWire(port1))
    event.senderFrame?.postMessage('pulseprint:port', null, [port2])
  })
}
