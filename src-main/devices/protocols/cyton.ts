import { CytonBoard } from '../cyton/board.ts'
import { DaisyPackets, SinglePackets } from '../cyton/packets.ts'
import { configureCyton } from '../cyton/settings.ts'
import { startCyton, stopCyton } from '../cyton/start.ts'
import { FrameScanner } from '../frame-scanner.ts'
import type { Protocol } from '../protocol.ts'

/**
 * OpenBCI Cyton and Cyton with Daisy: 33-byte packets with a sample number modulo 256, no checksum, commands in ASCII.
 * Sources: OpenBCI_Cyton_Library 24e1c42, OpenBCI documentation (Cyton data format, SDK), BrainFlow 9097190 for the start recipe.
 */
export const protocol: Protocol = {
  id: 'cyton',
  configure: configureCyton,
  createDecoder: (configuration) => new FrameScanner(configuration.settings.daisy === true ? new DaisyPackets() : new SinglePackets()),
  start: startCyton,
  stop: stopCyton,
  createBoard: (configuration) => new CytonBoard(configuration.settings.daisy === true),
}
