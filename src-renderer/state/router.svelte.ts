export type Route =
  | { name: 'record' }
  | { name: 'library' }
  | { name: 'recording'; id: string }
  | { name: 'subjects' }
  | { name: 'dataset' }

export type SectionName = 'record' | 'library' | 'subjects' | 'dataset'

/** @example parseRoute('#/library/01J0000000000000000000000A') // { name: 'recording', id: '01J...' } */
export function parseRoute(hash: string): Route {
  const [section, id] = hash.replace(/^#\/?/, '').split('/')
  if (section === 'library') return id ? { name: 'recording', id: decodeURIComponent(id) } : { name: 'library' }
  if (section === 'subjects' || section === 'dataset') return { name: section }
  return { name: 'record' }
}

export function formatRoute(route: Route): string {
  return route.name === 'recording' ? `#/library/${encodeURIComponent(route.id)}` : `#/${route.name}`
}

/** Where in the app the window is; the address keeps it over a reload. */
export class Router {
  route = $state<Route>({ name: 'record' })

  get section(): SectionName {
    return this.route.name === 'recording' ? 'library' : this.route.name
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
