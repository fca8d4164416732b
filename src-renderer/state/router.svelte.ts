export type Route =
  | { name: 'record' }
  | { name: 'library' }
  | { name: 'recording'; id: string }
  /** Two recordings side by side. */
  | { name: 'compare'; id: string; other: string }
  | { name: 'import' }
  | { name: 'subjects' }
  | { name: 'curate' }
  | { name: 'splits' }
  | { name: 'exports' }
  | { name: 'train' }
  | { name: 'runs' }
  | { name: 'run'; id: string }
  /** Runs side by side. */
  | { name: 'runs-compare'; ids: readonly string[] }
  | { name: 'ablations' }
  | { name: 'ablation-new' }
  /** One grid: its cells and its table. */
  | { name: 'ablation'; id: string }
  /** What a run's models came to. */
  | { name: 'report'; id: string }
  | { name: 'identify' }
  | { name: 'dataset' }

export type SectionName = 'record' | 'library' | 'subjects' | 'curate' | 'train' | 'identify' | 'dataset'

const plainRoutes = ['import', 'subjects', 'curate', 'splits', 'exports', 'train', 'runs', 'ablations', 'identify', 'dataset'] as const
const sections: Partial<Record<Route['name'], SectionName>> = { recording: 'library', compare: 'library', import: 'library', splits: 'curate', exports: 'curate', runs: 'train', run: 'train', 'runs-compare': 'train', ablations: 'train', 'ablation-new': 'train', ablation: 'train', report: 'train' }

/** @example parseRoute('#/library/01J0000000000000000000000A') // { name: 'recording', id: '01J...' } */
export function parseRoute(hash: string): Route {
  const [section, id, other] = hash.replace(/^#\/?/, '').split('/')
  if (section === 'library' && id && other) return { name: 'compare', id: decodeURIComponent(id), other: decodeURIComponent(other) }
  if (section === 'library') return id ? { name: 'recording', id: decodeURIComponent(id) } : { name: 'library' }
  if (section === 'runs' && id === 'compare' && other) return { name: 'runs-compare', ids: other.split(',').map(decodeURIComponent) }
  if (section === 'runs' && id) return { name: 'run', id: decodeURIComponent(id) }
  if (section === 'ablations' && id) return id === 'new' ? { name: 'ablation-new' } : { name: 'ablation', id: decodeURIComponent(id) }
  if (section === 'report' && id) return { name: 'report', id: decodeURIComponent(id) }
  const plain = plainRoutes.find((name) => name === section)
  return plain === undefined ? { name: 'record' } : { name: plain }
}

export function formatRoute(route: Route): string {
  if (route.name === 'compare') return `#/library/${encodeURIComponent(route.id)}/${encodeURIComponent(route.other)}`
  if (route.name === 'runs-compare') return `#/runs/compare/${route.ids.map(encodeURIComponent).join(',')}`
  if (route.name === 'run') return `#/runs/${encodeURIComponent(route.id)}`
  if (route.name === 'ablation-new') return '#/ablations/new'
  if (route.name === 'ablation') return `#/ablations/${encodeURIComponent(route.id)}`
  if (route.name === 'report') return `#/report/${encodeURIComponent(route.id)}`
  return route.name === 'recording' ? `#/library/${encodeURIComponent(route.id)}` : `#/${route.name}`
}

/** Where in the app the window is; the address keeps it over a reload. */
export class Router {
  route = $state<Route>({ name: 'record' })

  get section(): SectionName {
    return sections[this.route.name] ?? (this.route.name as SectionName)
  }

  go(route: Route): void {
    this.route = route
    if (typeof location !== 'undefined' && location.hash !== formatRoute(route)) location.hash = formatRoute(route)
  }

  /** Follows the address bar; returns the function that stops it. */
  listen(): () => void {
    const read = () => {
      this.route = parseRoute(location.hash)
    }
    read()
    window.addEventListener('hashchange', read)
    return () => window.removeEventListener('hashchange', read)
  }
}
