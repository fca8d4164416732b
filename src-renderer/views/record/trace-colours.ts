import { lightTraceTheme, traceTheme, type TraceTheme } from '../../trace/trace-theme.ts'

/** The trace theme as the stylesheet has it now. A custom property keeps its `light-dark()` unresolved; a real property does not. */
export function readTraceTheme(container: HTMLElement): TraceTheme {
  const probe = document.createElement('span')
  probe.hidden = true
  container.append(probe)
  const theme = traceTheme((name) => {
    if (name === '--trace-font') return getComputedStyle(container).fontFamily
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }, lightTraceTheme)
  probe.remove()
  return theme
}

/** Calls back when the system's light or dark side changes. */
export function onSchemeChange(listener: () => void): () => void {
  const query = window.matchMedia('(prefers-color-scheme: dark)')
  query.addEventListener('change', listener)
  return () => query.removeEventListener('change', listener)
}
