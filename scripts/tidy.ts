/**
 * The rules that keep the tree readable, as pure functions over sources, so that the test can feed each one a
 * violation and see it caught.
 */
import { posix } from 'node:path'

export interface Source {
  /** From the root, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** Who may import whom (ARCHITECTURE.md "Rooms"); all may import core. `types`: only with `import type`. */
export interface Room {
  /** The cell of ARCHITECTURE.md that this stands for, word for word. */
  readonly cell: string
  readonly may: readonly string[]
  readonly types?: readonly string[]
}

const ALL = ['queue', 'waiting-room', 'engines', 'gateway', 'consumer', 'bss', 'monitoring', 'console']

export const ROOMS: Readonly<Record<string, Room>> = {
  core: { cell: '–', may: [] },
  queue: { cell: '–', may: [] },
  'waiting-room': { cell: '–', may: [] },
  engines: { cell: 'queue, waiting-room', may: ['queue', 'waiting-room'] },
  gateway: { cell: 'queue', may: ['queue'] },
  consumer: { cell: 'queue', may: ['queue'] },
  bss: { cell: 'consumer (the processor type)', may: [], types: ['consumer'] },
  monitoring: {
    cell: 'event types of the stages',
    may: [],
    types: ['queue', 'waiting-room', 'consumer', 'gateway'],
  },
  lab: { cell: 'client', may: ['client'] },
  client: { cell: '–', may: [] },
  console: { cell: 'monitoring', may: ['monitoring'] },
  app: { cell: 'all of the above but lab, client', may: ALL },
  cli: { cell: 'app, client, lab', may: ['app', 'client', 'lab'] },
}

const IMPORT = /^\s*(import|export)\s+(type\s+)?(?:[\w*{][^;'"]*?\sfrom\s+)?['"]([^'"\n]+)['"]/gm
const DYNAMIC = /\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g
const TYPES_ONLY = /^\s*(?:import|export)\s+\{(?:\s*type\s+[\w$]+(?:\s+as\s+[\w$]+)?\s*,?)+\s*\}/

export interface Import {
  readonly target: string
  readonly typeOnly: boolean
}

/** The relative imports of a source as paths from the root, type-only ones included. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = []
  const add = (specifier: string, typeOnly: boolean) => {
    if (!specifier.startsWith('.')) return
    found.push({ target: posix.join(posix.dirname(source.path), specifier), typeOnly })
  }
  for (const match of source.text.matchAll(IMPORT)) {
    add(match[3] ?? '', match[2] !== undefined || TYPES_ONLY.test(match[0]))
  }
  for (const match of source.text.matchAll(DYNAMIC)) add(match[1] ?? '', false)
  return found
}

interface Place {
  readonly room: string
  /** The room, or the one engine of it. */
  readonly part: string
  readonly door: boolean
}

/** Where a path is, or undefined outside src; engines have one door each. */
function roomOf(path: string): Place | undefined {
  const [src, room, ...rest] = path.split('/')
  if (src !== 'src' || room === undefined) return undefined
  if (room === 'engines') {
    return { room, part: `engines/${rest[0]}`, door: rest.length === 2 && rest[1] === 'index.ts' }
  }
  return { room, part: room, door: rest.length === 1 && rest[0] === 'index.ts' }
}

/** Arrows between rooms that the table does not have, and doors that were walked around. */
export function checkRooms(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const from = roomOf(source.path)
    if (!from) return []
    const unknown = ROOMS[from.room]
      ? []
      : [`${source.path}: room ${from.room} is not in the table of ARCHITECTURE.md`]
    const arrows = importsOf(source).flatMap((item) => checkArrow(from, item))
    return [...unknown, ...arrows.map((fault) => `${source.path}: ${fault}`)]
  })
}

function checkArrow(from: Place, { target, typeOnly }: Import): string[] {
  const to = roomOf(target)
  if (!to) return target === 'package.json' ? [] : [`imports ${target}, which is outside src`]
  if (to.part === from.part) return []
  const rule = ROOMS[from.room]
  const faults: string[] = []
  const forTypes = rule?.types?.includes(to.room) === true
  const allowed = to.room === 'core' || forTypes || rule?.may.includes(to.room) === true
  // Two engines are parts of one room that must not know each other.
  if (!allowed || to.room === from.room) faults.push(`${from.part} may not import ${to.part}`)
  else if (forTypes && !typeOnly) faults.push(`${from.part} may import only types of ${to.part}`)
  if (!to.door) faults.push(`${target} is not the door of ${to.part}`)
  return faults
}

/** Import cycles between files, each told once. */
export function checkCycles(sources: readonly Source[]): string[] {
  const graph = new Map(sources.map((source) => [source.path, importsOf(source).map((item) => item.target)]))
  const done = new Set<string>()
  const faults: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) {
      faults.push(`import cycle: ${[...trail.slice(at), path].join(' -> ')}`)
      return
    }
    if (done.has(path)) return
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return faults
}

interface LineRule {
  readonly name: string
  readonly pattern: RegExp
  readonly applies: (path: string) => boolean
}

const inSource = (path: string) => path.startsWith('src/')
const isTest = (path: string) => path.startsWith('test/')
/** Real time is for app, which makes the clock; cli, a person's terminal; a worker, to which none can be
 * handed; and the console's page, whose script runs in a browser. */
const ambient = (path: string) =>
  inSource(path) && !/^src\/(?:app\/|cli\/|engines\/\w+\/worker|console\/page)/.test(path)

/** The patterns are put together from pieces so that this file does not break its own rules. */
const LINE_RULES: readonly LineRule[] = [
  { name: 'no any', pattern: /(?::|<|\bas|\|)\s*any\b(?!\s*\w)/, applies: inSource },
  { name: 'no suppressed types', pattern: /@ts-(?:ignore|nocheck|expect-error)/, applies: () => true },
  {
    name: 'no open ends',
    pattern: new RegExp(`\\b(?:${['TO', 'DO'].join('')}|FIX${'ME'})\\b`),
    applies: () => true,
  },
  { name: 'no test that hides the others', pattern: /\b(?:test|it|describe|suite)\.only\b/, applies: isTest },
  {
    name: 'a reason for each skip',
    pattern: /\b(?:test|it|describe|suite)\.skip\(|skip:\s*true\b/,
    applies: isTest,
  },
  {
    name: 'the environment is read in one place',
    pattern: /\bprocess\.env\b/,
    applies: (path) => inSource(path) && !/^src\/app\/settings[\w-]*\.ts$/.test(path),
  },
  {
    name: 'time and chance are handed in',
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\b|(?<![.\w])set(?:Timeout|Interval)\(/,
    applies: ambient,
  },
  { name: 'doors are explicit lists', pattern: /^\s*export\s+\*/, applies: inSource },
  {
    name: 'no registry host',
    pattern: new RegExp(`${['registry', 'npmjs'].join('\\.')}|${['registry', 'yarnpkg'].join('\\.')}`),
    applies: () => true,
  },
]

export const MAX_LINES = 400
/** The formatter breaks code at 110; sentences in comments and strings are nobody's to break but ours. */
export const MAX_COLUMNS = 120

/** Length and wording of one TypeScript source. */
export function checkLines(source: Source): string[] {
  const faults: string[] = []
  const lines = source.text.split('\n')
  if (lines.length - 1 > MAX_LINES)
    faults.push(`${source.path}: ${lines.length - 1} lines, at most ${MAX_LINES}`)
  let previous = ''
  for (const [index, line] of lines.entries()) {
    for (const fault of checkLine(source.path, line)) faults.push(`${source.path}:${index + 1}: ${fault}`)
    previous = line
  }
  if (previous !== '') faults.push(`${source.path}: no newline at the end`)
  return faults
}

function checkLine(path: string, line: string): string[] {
  const faults: string[] = []
  const code = withoutComment(line)
  if ([...line].length > MAX_COLUMNS) faults.push(`line over ${MAX_COLUMNS} columns`)
  for (const rule of LINE_RULES) {
    // What a comment may not say either: open ends, suppressions, hosts.
    const everywhere = /open ends|suppressed|registry/.test(rule.name)
    if (rule.applies(path) && rule.pattern.test(everywhere ? line : code)) faults.push(rule.name)
  }
  if (/biome-ignore(?!\s+[\w/]+:\s*\S)/.test(line)) faults.push('a reason for each suppressed lint')
  return faults
}

function withoutComment(line: string): string {
  if (/^\s*(?:\*|\/\*|\/\/)/.test(line)) return ''
  return line.replace(/\s\/\/ .*$/, '')
}

/** What must not be in any tracked file that is not TypeScript, the lockfile above all. */
export function checkText(source: Source): string[] {
  const faults: string[] = []
  if (source.path.endsWith('package-lock.json') && /"resolved": *"http/.test(source.text)) {
    faults.push(`${source.path}: a line names where a package comes from`)
  }
  const host = LINE_RULES.find((rule) => rule.name === 'no registry host')
  if (host?.pattern.test(source.text)) faults.push(`${source.path}: no registry host`)
  return faults
}

/** Differences between the table of ARCHITECTURE.md and ROOMS, in both directions. */
export function checkTable(markdown: string): string[] {
  const faults: string[] = []
  const seen = new Set<string>()
  for (const match of markdown.matchAll(/^\| `([\w-]+)\/` \|.*\|\s*([^|]+?)\s*\|$/gm)) {
    const [, room = '', cell = ''] = match
    seen.add(room)
    if (ROOMS[room]?.cell !== cell)
      faults.push(`${room}: ARCHITECTURE.md says "${cell}", the check "${ROOMS[room]?.cell}"`)
  }
  for (const room of Object.keys(ROOMS)) {
    if (!seen.has(room)) faults.push(`${room}: not in the table of ARCHITECTURE.md`)
  }
  return faults
}

/**
 * npm leaves an optional package out of the lockfile where the registry does not serve it, and `npm ci` then refuses
 * that lockfile on every fresh clone, while the machine that wrote it goes on working.
 */
export function checkLockfile({ path, text }: Source): string[] {
  const packages: Record<string, { optionalDependencies?: Record<string, string> }> =
    JSON.parse(text).packages
  const names = Object.keys(packages).map((place) => place.split('node_modules/').at(-1))
  return Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((wanted) => !names.includes(wanted))
      .map((wanted) => `${path}: ${place || 'the root'} asks for ${wanted}, which is not in it`),
  )
}
