import { contextBridge, ipcRenderer } from 'electron'

// The whole preload: say which host this is, and pass on the one port over which the window talks to the lab.
contextBridge.exposeInMainWorld('pulseprintHost', 'electron')

ipcRenderer.on('pulseprint:port', (event) => {
  window.postMessage({ type: 'pulseprint:port' }, window.location.origin, event.ports)
})

// Module scripts have run by now, so the renderer is listening.
window.addEventListener('DOMContentLoaded', () => ipcRenderer.send('pulseprint:connect'))
