// npm start: install, build, open the desktop app; without an Electron program, serve the same app on loopback.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build, install, root, say } from './setup.js'
import { electronBinary } from './electron-binary.js'

install()
build()

const headless = process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY
const program = headless ? null : electronBinary({ download: true })
if (!program) {
  say(
    headless
      ? 'This computer has no display: Pulseprint is served on loopback instead of opening a window.'
      : 'No Electron program could be had: Pulseprint is served on loopback instead of opening a window.',
  )
}
const [command, args] = program
  ? [program, [root, ...process.argv.slice(2)]]
  : [process.execPath, [join(root, 'bin', 'pulseprint.js'), 'serve', '--port', '4173', ...process.argv.slice(2)]]

const child = spawn(command, args, { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => process.exit(code ?? 1))
