/** The tree keeps its shape; and each rule shows here that it can fail. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { BENCHES } from '../bench/benches.ts'
import {
  checkCycles,
  checkLines,
  checkLockfile,
  checkRooms,
  checkTable,
  checkText,
  MAX_LINES,
  type Source,
} from '../scripts/tidy.ts'

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'])
  .toString()
  .split('\0')
  .filter((path) => path !== '')
const read = (path: string): Source[] => {
  try {
    return [{ path, text: readFileSync(path, 'utf8') }]
  } catch {
    // Deleted in the working tree and not yet in the index.
    return []
  }
}
const all = tracked.flatMap(read)
const typescript = all.filter(({ path }) => /\.tsx?$/.test(path))
// These two spell out violations in order to catch them.
const ruled = typescript.filter(({ path }) => !/^(?:scripts\/tidy|test\/tidy\.test)\.ts$/.test(path))
const rooms = typescript.filter(({ path }) => path.startsWith('src/'))

describe('the tree', () => {
  test('rooms import only what ARCHITECTURE.md allows, and through doors', () => {
    assert.ok(rooms.length > 20, 'the sources were not found')
    assert.deepEqual(checkRooms(rooms), [])
  })
  test('no import cycles, type-only imports counted', () => assert.deepEqual(checkCycles(typescript), []))
  test('lengths and wording', () => assert.deepEqual(ruled.flatMap(checkLines), []))
  test('no file names a registry', () => assert.deepEqual(all.flatMap(checkText), []))
  test('the lockfiles hold everything that npm ci asks for', () => {
    const lockfiles = all.filter(({ path }) => path.endsWith('package-lock.json'))
    assert.equal(lockfiles.length, 2)
    assert.deepEqual(lockfiles.flatMap(checkLockfile), [])
  })
  test('every bench has figures of a whole run in bench/README.md', () => {
    const readme = readFileSync('bench/README.md', 'utf8')
    const without = BENCHES.filter(({ name }) => {
      const section = readme.split(`<!-- ${name} -->`)[1]?.split(`<!-- /${name} -->`)[0] ?? ''
      return !/^Run of \d{4}-\d\d-\d\d: /m.test(section) || section.includes('quick run:')
    })
    assert.deepEqual(
      without.map(({ name }) => name),
      [],
    )
  })
  test('the import table is the one of ARCHITECTURE.md', () => {
    assert.deepEqual(checkTable(readFileSync('ARCHITECTURE.md', 'utf8')), [])
  })
})

describe('each rule can fail', () => {
  const src = (path: string, text: string): Source => ({ path, text: `${text}\n` })
  const one = (faults: string[], wanted: RegExp) => {
    assert.equal(faults.length, 1, faults.join('; '))
    assert.match(faults[0] ?? '', wanted)
  }

  test('a lockfile without a package of another platform', () => {
    const packages = { 'node_modules/a': { optionalDependencies: { 'a-elsewhere': '1.0.0' } } }
    one(
      checkLockfile({ path: 'package-lock.json', text: JSON.stringify({ packages }) }),
      /asks for a-elsewhere/,
    )
  })

  const arrows: [string, string, string, RegExp][] = [
    [
      'an arrow that is not in the table',
      'src/queue/a.ts',
      "import { A } from '../gateway/index.ts'",
      /may not/,
    ],
    ['a type-only arrow counts', 'src/core/a.ts', "import type { A } from '../queue/index.ts'", /may not/],
    ['a re-export counts', 'src/client/a.ts', "export { A } from '../queue/index.ts'", /may not/],
    ['an import over lines', 'src/core/a.ts', "import {\n  A,\n  B,\n} from '../queue/index.ts'", /may not/],
    ['a dynamic import', 'src/core/a.ts', "const a = await import('../queue/index.ts')", /may not/],
    [
      'a value where only types may pass',
      'src/bss/a.ts',
      "import { A } from '../consumer/index.ts'",
      /only types/,
    ],
    ['around the door', 'src/gateway/a.ts', "import { A } from '../queue/port.ts'", /not the door/],
    ['engine to engine', 'src/engines/a/x.ts', "import { A } from '../b/index.ts'", /may not/],
    ['a room of its own making', 'src/helpers/a.ts', 'export const a = 1', /not in the table/],
    ['out of src', 'src/core/a.ts', "import { A } from '../../test/a.ts'", /outside/],
  ]
  for (const [name, path, text, wanted] of arrows) {
    test(name, () => one(checkRooms([src(path, text)]), wanted))
  }
  test('allowed arrows pass', () => {
    const good = [
      src('src/bss/a.ts', "import { type A, type B } from '../consumer/index.ts'"),
      src('src/engines/a/x.ts', "import { A } from '../../queue/index.ts'\nimport { B } from './y.ts'"),
      src('src/app/a.ts', "import { E } from '../engines/embedded/index.ts'"),
    ]
    assert.deepEqual(checkRooms(good), [])
  })
  test('a cycle', () => {
    const a = src('src/core/a.ts', "import type { B } from './b.ts'")
    const b = src('src/core/b.ts', "import { A } from './a.ts'")
    one(checkCycles([a, b]), /cycle: src\/core\/a\.ts -> src\/core\/b\.ts -> src\/core\/a\.ts/)
  })

  const lines: [string, string, string, RegExp][] = [
    ['any', 'src/core/a.ts', 'const a: any = 1', /no any/],
    ['as any', 'src/core/a.ts', 'const a = b as any', /no any/],
    ['a suppressed type error', 'src/core/a.ts', '// @ts-ignore because', /suppressed types/],
    ['an open end', 'src/core/a.ts', '// TODO later', /open ends/],
    ['.only', 'test/a.test.ts', "test.only('x', () => {})", /hides/],
    ['a skip without reason', 'test/a.test.ts', "test.skip('x', () => {})", /reason for each skip/],
    ['the environment', 'src/cli/a.ts', 'const a = process.env.HOME', /environment/],
    ['the clock', 'src/queue/a.ts', 'const a = Date.now()', /time and chance/],
    ['new Date()', 'src/queue/a.ts', 'const a = new Date()', /time and chance/],
    ['chance', 'src/bss/a.ts', 'const random = Math.random', /time and chance/],
    ['a timer', 'src/consumer/a.ts', 'setTimeout(() => {}, 1)', /time and chance/],
    ['export *', 'src/core/index.ts', "export * from './a.ts'", /explicit lists/],
    ['a long line', 'src/core/a.ts', `const a = '${'x'.repeat(120)}'`, /columns/],
    ['a long file', 'src/core/a.ts', 'const a = 1\n'.repeat(MAX_LINES), /lines, at most/],
    ['a lint suppressed without reason', 'src/core/a.ts', '// biome-ignore lint/x/y', /suppressed lint/],
  ]
  for (const [name, path, text, wanted] of lines) {
    test(name, () => one(checkLines(src(path, text)), wanted))
  }
  test('words in comments and real time in app pass', () => {
    const good = [
      src('src/core/a.ts', '// Date.now() would be wrong here, and any such thing'),
      src('src/app/real.ts', 'const a = setTimeout(() => Date.now(), 1)'),
      src('src/core/b.ts', 'clock.after(1, () => {}) // setTimeout( in disguise'),
    ]
    assert.deepEqual(good.flatMap(checkLines), [])
  })
  test('a registry in the lockfile and elsewhere', () => {
    one(checkText(src('package-lock.json', '"resolved": "https://x"')), /comes from/)
    one(checkText(src('README.md', `see https://registry.${'npmjs'}.org/x`)), /registry host/)
  })
  test('a table that differs from ARCHITECTURE.md', () => {
    const table = readFileSync('ARCHITECTURE.md', 'utf8')
    one(checkTable(table.replace('| app, client, lab |', '| app, client |')), /cli/)
    one(checkTable(table.replace(/^\| `lab\/`.*\n/m, '')), /lab/)
  })
})
