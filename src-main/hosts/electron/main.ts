import { fileURLToPath } from 'node:url'
import { app, BrowserWindow, dialog, ipcMain, MessageChannelMain, powerSaveBlocker, protocol, session, utilityProcess } from 'electron'
import { createLab } from '../../services/lab.ts'
import { loadRendererFiles } from '../renderer-files.ts'
import { registerAppScheme, serveAppScheme } from './app-protocol.ts'
import { runDesktop } from './desktop.ts'
import { utilityTrainer } from './trainer.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

registerAppScheme(protocol)
void runDesktop({
  app,
  ipcMain,
  dialog,
  powerSaveBlocker,
  defaultSession: () => session.defaultSession,
  createChannel: () => new MessageChannelMain(),
  createWindow: (options) => new BrowserWindow(options),
  allWindows: () => BrowserWindow.getAllWindows(),
  preload: path('../preload/preload.cjs'),
  serveFiles: async () => serveAppScheme(protocol, await loadRendererFiles(path('../renderer'))),
  createLab: (pickFolder) =>
    createLab({
      host: 'electron', configFolder: app.getPath('userData'), workerUrl: new URL('./jobs.js', import.meta.url), startTrainer: () => utilityTrainer(utilityProcess, path('./trainer.js')), pickFolder,
    }),
})
