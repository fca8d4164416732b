import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { build } from 'vite'
import { repositoryRoot } from '../test/signal/physionet.ts'
import type { TraceFigures, TraceRun } from '../test/renderer/trace/trace-run.ts'

const warmUpMs = 3000
const measuredMs = 10_000
const view = { width: 1600, height: 900 }
const chromiumPath = process.env.PULSEPRINT_CHROMIUM ?? '/usr/bin/chromium'

const runs: readonly TraceRun[] = [
  { lanes: 16, rateHz: 4000, seconds: 10, mode: 'sweep', paper: false, dark: false, faults: false, stride: 1 },
  { lanes: 16, rateHz: 4000, seconds: 10, mode: 'scroll', paper: false, dark: false, faults: false, stride: 1 },
  { lanes: 8, rateHz: 250, seconds: 10, mode: 'sweep', paper: true, dark: false, faults: false, stride: 1 },
]

/** The painter's page as one script, bundled in memory. */
export async function traceScript(): Promise<string> {
  const result = await build({
    logLevel: 'silent',
    configFile: false,
    build: { write: false, minify: false, lib: { entry: join(repositoryRoot(), 'test/renderer/trace/trace-page.ts'), formats: ['iife'], name: 'tracePage' } },
  })
  const outputs = Array.isArray(result) ? result : [result]
  for (const output of outputs) {
    if (!('output' in output)) continue
    for (const chunk of output.output) if (chunk.type === 'chunk') return chunk.code
  }
  throw new Error('The trace page did not build.')
}

/** Frame rate and script time of the live trace in real Chromium. */
export async function run(): Promise<void> {
  const code = await traceScript()
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] })
  try {
    const figures = []
    console.log('mode    paper  lanes  rate Hz   frames/s  script p50 ms  p95 ms  max ms')
    for (const trace of runs) {
      const page = await browser.newPage({ viewport: view })
      await page.setContent('<!doctype html><body style="margin:0;position:fixed;inset:0"></body>')
      await page.addScriptTag({ content: code })
      await page.evaluate(`startTrace(${JSON.stringify(trace)})`)
      await page.waitForTimeout(warmUpMs)
      await page.evaluate('resetTrace()')
      await page.waitForTimeout(measuredMs)
      const read = await page.evaluate<TraceFigures>('readTrace()')
      await page.close()
      figures.push({ ...trace, ...read })
      console.log(
        `${trace.mode.padEnd(7)} ${(trace.paper ? 'yes' : 'no').padEnd(6)} ${String(trace.lanes).padStart(5)}  ${String(trace.rateHz).padStart(7)}  ${read.framesPerSecond.toFixed(1).padStart(9)}  ${read.scriptP50Ms.toFixed(2).padStart(13)}  ${read.scriptP95Ms.toFixed(2).padStart(6)}  ${read.scriptMaxMs.toFixed(2).padStart(6)}`,
      )
    }
    console.log(JSON.stringify({ bench: 'trace', browser: browser.version(), ...view, figures }))
  } finally {
    await browser.close()
  }
}
