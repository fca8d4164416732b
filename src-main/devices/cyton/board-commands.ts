/** What the simulated board remembers of its commands. */
export interface CytonState {
  streaming: boolean
  daisyAttached: boolean
  useDaisy: boolean
  timeStamps: 'off' | 'first' | 'on'
  mode: number
  rate: number
  channelOn: boolean[]
}

export interface CytonReply {
  readonly text: string
  /** Bytes of the command; 0: it is not complete yet. */
  readonly used: number
}

const channelNames = '12345678QWERTYUI'
const offNames = '12345678qwertyui'
const onNames = '!@#$%^&*QWERTYUI'
const testSignals = '0-=p[]'
const modes = ['default', 'debug', 'analog', 'digital', 'marker', 'BLE']
const rates = [16000, 8000, 4000, 2000, 1000, 500, 250]
const unfinished: CytonReply = { text: '', used: 0 }

export function cytonBanner(daisyAttached: boolean): string {
  const daisy = daisyAttached ? 'On Daisy ADS1299 Device ID: 0x3E\n' : ''
  return `OpenBCI V3 8-16 channel\nOn Board ADS1299 Device ID: 0x3E\n${daisy}LIS3DH Device ID: 0x33\nFirmware: v3.1.2\n$$$`
}

function channelCommand(command: string, length: number, last: string, done: string): CytonReply {
  if (command.length < length) return unfinished
  const channel = channelNames.indexOf(command[1])
  if (command[length - 1] !== last) return { text: `Failure: Err: ${length}th char not ${last}$$$`, used: length }
  if (channel < 0) return { text: 'Failure: too few chars$$$', used: length }
  return { text: `Success: ${done} set for ${channel + 1}$$$`, used: length }
}

/** Commands to the dongle itself: F0 and a code, two of them with an argument. The dongle answers even while the board streams. */
function dongleCommand(command: string): CytonReply {
  if (command.length < 2) return unfinished
  const code = command.charCodeAt(1)
  const bauds: Record<number, number> = { 5: 115200, 6: 230400, 10: 921600 }
  if (code in bauds) return { text: `Success: Switch your baud rate to ${bauds[code]}$$$`, used: 2 }
  if (code === 7) return { text: 'Success: System is up$$$', used: 2 }
  if (code === 0) return { text: 'Success: Host and Device on Channel Number 1$$$', used: 2 }
  if (code !== 1 && code !== 2) return { text: '', used: 2 }
  return command.length < 3 ? unfinished : { text: `Success: Channel Number ${command.charCodeAt(2)}$$$`, used: 3 }
}

function attachDaisy(state: CytonState): string {
  if (state.useDaisy) return '16$$$'
  if (!state.daisyAttached) return 'no daisy to attach!8$$$'
  state.useDaisy = true
  return 'daisy attached16$$$'
}

function removeDaisy(state: CytonState): string {
  if (!state.useDaisy) return '8$$$'
  state.useDaisy = false
  return 'daisy removed$$$'
}

/**
 * Carries out the command that `command` (characters = bytes) begins with, as the firmware 3.1.2 does (OpenBCI_Cyton_Library 24e1c42).
 * Test signals and lead-off current are acknowledged but do not change the simulated signal.
 */
export function cytonCommand(state: CytonState, command: string): CytonReply {
  const name = command[0]
  const one = (text: string): CytonReply => ({ text, used: 1 })
  const off = offNames.indexOf(name)
  if (off >= 0) {
    state.channelOn[off] = false
    return one('')
  }
  const on = onNames.indexOf(name)
  if (on >= 0) {
    state.channelOn[on] = true
    return one('')
  }
  if (testSignals.includes(name)) return one('Success: Configured internal test signal.$$$')
  switch (name) {
    case 'v':
      resetCyton(state)
      return one(cytonBanner(state.daisyAttached))
    case 'V':
      return one('v3.1.5$$$')
    case 'b':
      state.streaming = true
      return one('')
    case 's':
      state.streaming = false
      return one('')
    case 'd':
      state.channelOn.fill(true)
      return one('updating channel settings to default$$$')
    case 'D':
      return one('060110$$$')
    case 'C':
      return one(attachDaisy(state))
    case 'c':
      return one(removeDaisy(state))
    case '<':
      state.timeStamps = 'first'
      return one(',Time stamp ON$$$')
    case '>':
      state.timeStamps = 'off'
      return one(',Time stamp OFF$$$')
    case '?':
      return one('\nBoard ADS Registers\nADS_ID, 00, 3E, 0, 0, 1, 1, 1, 1, 1, 0\n$$$')
    case 'x':
      return channelCommand(command, 9, 'X', 'Channel')
    case 'z':
      return channelCommand(command, 5, 'Z', 'Lead off')
    case '/':
      return numbered(command, '/', modes.length, (n) => (state.mode = n), () => modes[state.mode])
    case '~':
      return numbered(command, '~', rates.length, (n) => (state.rate = n), () => `Sample rate is ${rates[state.rate]}Hz`)
    case '`':
      return command.length < 2 ? unfinished : { text: '', used: 2 }
    case '\u00f0':
      return dongleCommand(command)
    default:
      return one('')
  }
}

/** `/n` and `~n` set, `//` and `~~` ask. */
function numbered(command: string, query: string, count: number, set: (n: number) => void, words: () => string): CytonReply {
  if (command.length < 2) return unfinished
  const n = '0123456789'.indexOf(command[1])
  if (n >= 0 && n < count) set(n)
  else if (command[1] !== query) return { text: 'Failure: invalid value$$$', used: 2 }
  return { text: `Success: ${words()}$$$`, used: 2 }
}

export function resetCyton(state: CytonState): void {
  state.streaming = false
  state.useDaisy = state.daisyAttached
  state.timeStamps = 'off'
  state.mode = 0
  state.rate = rates.length - 1
  state.channelOn.fill(true)
}
