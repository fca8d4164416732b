import { parse } from 'svelte/compiler'

/** A node of a component's markup or script; what it has beside its kind and place depends on the kind. */
interface Node {
  readonly type: string
  readonly start: number
  readonly [key: string]: unknown
}

/** A name that was read when its component may be gone. */
export interface LateRead {
  readonly line: number
  readonly name: string
}

type Names = ReadonlySet<string>

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
const isFunction = (node: Node): boolean => /Function/.test(node.type)
/** Types are gone when the program runs; casts stand around values. */
const isType = ({ type }: Node): boolean => type.startsWith('TS') && !/^TS(As|NonNull|Satisfies)/.test(type)
const childrenOf = (node: Node): Node[] => Object.entries(node).flatMap(([key, value]) => (key === 'metadata' || key === 'parent' ? [] : Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []))
const nodeOf = (node: Node, key: string): Node | null => (isNode(node[key]) ? node[key] : null)
const nodesOf = (node: Node, key: string): Node[] => (Array.isArray(node[key]) ? (node[key] as unknown[]).filter(isNode) : [])

/** What of a node is evaluated: not the names of members and keys, not types. */
function evaluated(node: Node): Node[] {
  const named = node.type === 'MemberExpression' ? 'property' : node.type === 'Property' || node.type === 'PropertyDefinition' ? 'key' : null
  return childrenOf(node).filter((child) => !isType(child) && !(named !== null && child === node[named] && node.computed !== true))
}

function everyNode(node: Node, found: Node[] = []): Node[] {
  found.push(node)
  for (const child of childrenOf(node)) everyNode(child, found)
  return found
}

/** Names that a pattern binds. */
function bound(pattern: Node | null): string[] {
  if (pattern === null) return []
  if (pattern.type === 'Identifier') return [String(pattern.name)]
  if (pattern.type === 'Property') return bound(nodeOf(pattern, 'value'))
  if (pattern.type === 'AssignmentPattern') return bound(nodeOf(pattern, 'left'))
  if (pattern.type === 'RestElement') return bound(nodeOf(pattern, 'argument'))
  return [...nodesOf(pattern, 'properties'), ...nodesOf(pattern, 'elements')].flatMap(bound)
}

/** `name` or `name.by` of a call. */
function calleeOf(node: Node | null): string {
  const callee = node?.type === 'CallExpression' ? nodeOf(node, 'callee') : null
  const owner = callee?.type === 'MemberExpression' ? nodeOf(callee, 'object') : callee
  return owner?.type === 'Identifier' ? String(owner.name) : ''
}

const deferring = new Set(['then', 'catch', 'finally', 'setTimeout', 'setInterval', 'queueMicrotask'])

function defers(node: Node): boolean {
  const callee = nodeOf(node, 'callee')
  const named = callee?.type === 'MemberExpression' ? nodeOf(callee, 'property') : callee
  return node.type === 'CallExpression' && named?.type === 'Identifier' && deferring.has(String(named.name))
}

/**
 * Where a component reads, after an `await` or in what a promise or a timer calls, what is derived in it or handed to it (an argument of markup is derived where it is computed). Its screen may
 * be gone by then: Svelte warns and answers with a value of before, and a prop of a screen's address is another screen's. Calling what was handed over (`onclose()`) is not reading.
 * @example lateReads('<script>let t = $derived(f()); async function g() { await h(); t.x }</script>') // [{ line: 1, name: 't' }]
 */
export function lateReads(source: string): LateRead[] {
  const root = parse(source, { modern: true }) as unknown as { instance: { content: Node } | null; fragment: Node }
  const script = root.instance ? everyNode(root.instance.content) : []
  const markup = everyNode(root.fragment)
  const declared = script.flatMap((node) => (node.type === 'VariableDeclarator' && ['$derived', '$props'].includes(calleeOf(nodeOf(node, 'init'))) ? bound(nodeOf(node, 'id')) : []))
  const constants = markup.flatMap((node) => (node.type === 'ConstTag' ? nodesOf(nodeOf(node, 'declaration') ?? node, 'declarations').flatMap((one) => bound(nodeOf(one, 'id'))) : []))
  /** What markup alone names is not seen by the script. */
  let reactive = new Set(declared)
  const functions = new Map([...script, ...markup].flatMap((node): [string, Node][] => {
    const init = nodeOf(node, 'init')
    if (node.type === 'FunctionDeclaration') return bound(nodeOf(node, 'id')).map((name) => [name, node])
    return node.type === 'VariableDeclarator' && init && isFunction(init) ? bound(nodeOf(node, 'id')).map((name) => [name, init]) : []
  }))
  const found = new Map<number, LateRead>()
  const followed = new Set<Node>()

  /** Names of a function's own: they hide the component's. */
  const within = (own: Names, node: Node): Names => new Set([
    ...own, ...nodesOf(node, 'params').flatMap(bound),
    ...everyNode(nodeOf(node, 'body') ?? node).flatMap((inner) => (inner.type === 'VariableDeclarator' ? bound(nodeOf(inner, 'id')) : inner.type === 'CatchClause' ? bound(nodeOf(inner, 'param')) : [])),
  ])
  /** Calling what was handed over is no reading. */
  const handedOver = (node: Node, child: Node): boolean => node.type === 'CallExpression' && child === node.callee && child.type === 'Identifier' && reactive.has(String(child.name))

  /** All of `node` runs late. */
  const late = (node: Node, own: Names): void => {
    if (isFunction(node)) {
      for (const child of evaluated(node)) late(child, within(own, node))
    } else if (node.type === 'Identifier') {
      const name = String(node.name)
      const called = functions.get(name)
      if (own.has(name)) return
      if (reactive.has(name)) found.set(node.start, { line: source.slice(0, node.start).split('\n').length, name })
      else if (called && !followed.has(called)) {
        followed.add(called)
        late(called, new Set())
      }
    } else {
      for (const child of evaluated(node)) if (!handedOver(node, child)) late(child, own)
    }
  }

  /** Goes through a function's body in order; answers whether an `await` may have come before its end. */
  const walk = (node: Node, awaited: boolean, own: Names): boolean => {
    if (isFunction(node) || node.type === 'Identifier') {
      if (awaited) late(node, own)
      return awaited
    }
    const inOrder = (children: readonly Node[], before: boolean): boolean => children.reduce((sofar, child) => (handedOver(node, child) ? sofar : walk(child, sofar, own) || sofar), before)
    if (node.type === 'IfStatement' || node.type === 'ConditionalExpression') {
      const tested = walk(nodeOf(node, 'test') ?? node, awaited, own) || awaited
      return ['consequent', 'alternate'].map((key) => nodeOf(node, key)).map((branch) => branch !== null && walk(branch, tested, own)).some(Boolean) || tested
    }
    const after = inOrder(evaluated(node), awaited) || node.type === 'AwaitExpression'
    // What a loop awaits has been awaited when it comes round; what it goes over was read once.
    return after && !awaited && /^(For|While|DoWhile)/.test(node.type) ? inOrder(evaluated(node).filter((child) => child !== node.right), true) : after
  }

  const visit = (node: Node, own: Names): void => {
    const inner = isFunction(node) ? within(own, node) : own
    const body = nodeOf(node, 'body')
    if (isFunction(node) && node.async === true && body) walk(body, false, inner)
    if (defers(node)) for (const handed of nodesOf(node, 'arguments')) if (isFunction(handed) || handed.type === 'Identifier') late(handed, own)
    for (const child of childrenOf(node)) visit(child, inner)
  }
  if (root.instance) visit(root.instance.content, new Set())
  reactive = new Set([...declared, ...constants])
  visit(root.fragment, new Set())
  return [...found.values()].sort((a, b) => a.line - b.line)
}
