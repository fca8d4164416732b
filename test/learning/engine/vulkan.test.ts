import { expect, it } from 'vitest'
import { vulkanHere } from '../../../src-main/learning/engine/onnx/vulkan.ts'

const card = { '/dev/dri': ['card0', 'renderD128'] }
const loader = { '/usr/lib/x86_64-linux-gnu': ['libc.so.6', 'libvulkan.so.1'] }
const driver = { '/usr/share/vulkan/icd.d': ['radeon_icd.x86_64.json'] }
const here = (folders: Record<string, string[]>, environment: Record<string, string> = {}) => vulkanHere(environment, (folder) => folders[folder] ?? [])

it('takes a loader, a driver and a card: two of them are not enough', () => {
  expect(here({ ...card, ...loader, ...driver })).toBe(true)
  expect(here({ ...loader, ...driver })).toBe(false)
  expect(here({ ...card, ...driver })).toBe(false)
  expect(here({ ...card, ...loader })).toBe(false)
  // A server's console has a card, but nothing that computes.
  expect(here({ ...loader, ...driver, '/dev/dri': ['card0'] })).toBe(false)
  expect(here({ ...card, ...loader, '/usr/share/vulkan/icd.d': ['README'] })).toBe(false)
})

it('finds them in other places, too', () => {
  expect(here({ ...loader, '/dev': ['null', 'nvidia0'], '/etc/vulkan/icd.d': ['nvidia_icd.json'] })).toBe(true)
  expect(here({ ...card, ...driver, '/opt/lib': ['libvulkan.so.1'] }, { LD_LIBRARY_PATH: '/opt/none:/opt/lib' })).toBe(true)
  expect(here({ ...card, ...loader, '/opt/share/vulkan/icd.d': ['a.json'] }, { XDG_DATA_DIRS: '/opt/share' })).toBe(true)
  expect(here({ ...card, ...loader }, { VK_DRIVER_FILES: '/opt/driver.json' })).toBe(true)
})
