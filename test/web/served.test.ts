/** How the pages are served and built: with which headers, on which paths, when, and what a failed build does. */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import fastify from 'fastify'
import { buildStalePages, pagesReason } from '../../bin/pages.mjs'
import { buildPages } from '../../scripts/build-pages.ts'
import { roomPages } from '../../src/console/index.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const logger = { warn() {} }

async function served(t: TestContext, folder?: string) {
  if (pagesReason(ROOT)) await buildPages()
  const app = fastify()
  app.setNotFoundHandler((_, reply) => reply.code(404).send({ error: 'No such route' }))
  roomPages({ logger, ...(folder !== undefined && { folder }) })(app)
  t.after(() => app.close())
  return app
}

test('pages are asked for anew each time, what they are made of is kept for a year', async (t) => {
  const app = await served(t)
  for (const path of ['/', '/events/concert-1', '/?eventId=1', '/admin']) {
    const { statusCode, headers, body } = await app.inject({
      url: path,
      headers: { host: 'room.example:3001' },
    })
    assert.deepEqual([statusCode, headers['cache-control']], [200, 'no-cache'], path)
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/)
    assert.match(policy, /connect-src 'self' ws:\/\/room\.example:3001 wss:\/\/room\.example:3001;/)
    assert.doesNotMatch(policy, /unsafe|\*/)
    assert.doesNotMatch(body, /<script(?![^>]*\bsrc=)|<style|style="|https?:/)
    assert.match(body, /<noscript>[\s\S]*JavaScript[\s\S]*자바스크립트/)
    const assets = [...body.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, asset = '']) => asset)
    assert.ok(assets.length >= 3)
    for (const asset of assets) {
      assert.match(asset, /^\/assets\/[\w-]+-[\w-]{8}\.(?:js|css|svg)$/)
      const got = await app.inject({ url: asset })
      assert.deepEqual(
        [got.statusCode, got.headers['cache-control']],
        [200, 'public, max-age=31536000, immutable'],
        asset,
      )
      // Packed for whoever takes it so, and told to caches in between.
      const packed = await app.inject({ url: asset, headers: { 'accept-encoding': 'gzip' } })
      assert.deepEqual([packed.headers['content-encoding'], packed.headers.vary], ['gzip', 'accept-encoding'])
      assert.equal(gunzipSync(packed.rawPayload).toString(), got.body)
    }
  }
})

test('what is no page stays what it was: JSON, and 404', async (t) => {
  const app = await served(t)
  const strange = ['/api/nope', '/events', '/events/a/b', '/admin/x', '/assets/none.js', '/built-from.txt']
  for (const path of [...strange, '/assets/../built-from.txt', '/assets/%2e%2e/index.html']) {
    const { statusCode, headers } = await app.inject({ url: path })
    assert.deepEqual(
      [statusCode, String(headers['content-type']).split(';')[0]],
      [404, 'application/json'],
      path,
    )
  }
  const odd = await app.inject({ url: '/', headers: { host: "x'; script-src *" } })
  assert.doesNotMatch(String(odd.headers['content-security-policy']), /\*/)
})

test('pages that were not built say so, and nothing else is missing', async (t) => {
  const app = await served(t, join(tmpdir(), 'no-such-folder'))
  for (const path of ['/', '/events/1', '/admin']) {
    const { statusCode, body } = await app.inject({ url: path })
    assert.equal(statusCode, 503)
    assert.match(body, /The page was not built[\s\S]*npm run build/)
  }
  assert.equal((await app.inject({ url: '/api/nope' })).statusCode, 404)
})

/** A clone, as far as the build looks at it. */
function clone(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'weir-pages-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  for (const path of [
    'web',
    'src/waiting-room',
    'src/core',
    'bin',
    'scripts/build-pages.ts',
    'package-lock.json',
  ])
    cpSync(join(ROOT, path), join(root, path), { recursive: true })
  for (const file of ['package.json', 'tsconfig.json']) cpSync(join(ROOT, file), join(root, file))
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  return root
}

/** What it says on stderr. */
function start(t: TestContext, root: string, ...args: string[]): string {
  let said = ''
  const { mock } = t.mock.method(process.stderr, 'write', (text: string) => {
    said += text
    return true
  })
  try {
    buildStalePages(root, process.execPath, args)
  } finally {
    mock.restore()
  }
  return said
}

test('a clone builds its pages once, and again when what they are made of has changed', (t) => {
  const root = clone(t)
  const page = join(root, 'dist', 'pages', 'room', 'index.html')
  assert.equal(start(t, root, 'status'), '', 'no other command builds')
  assert.match(
    start(t, root, 'up', '--port', '0'),
    /^weir: the waiting room's page is not built yet; [^\n]+\n$/,
  )
  assert.match(readFileSync(page, 'utf8'), /assets/)
  assert.equal(start(t, root, '--json', 'room'), '', 'a second start pays nothing')
  // Of the service's own files the page holds a few; another of them changes nothing.
  writeFileSync(join(root, 'src', 'waiting-room', 'processor.ts'), '// changed\n')
  assert.equal(pagesReason(root), undefined)
  const frame = join(root, 'src', 'waiting-room', 'frame.ts')
  writeFileSync(frame, `${readFileSync(frame, 'utf8')}\n// changed\n`)
  assert.match(start(t, root, 'up'), /has changed/)
  assert.equal(pagesReason(root), undefined)
})

test('a build that fails is told in a line, stops nothing, and leaves the page that there was', (t) => {
  const root = clone(t)
  start(t, root, 'up')
  const page = join(root, 'dist', 'pages', 'room', 'index.html')
  const before = readFileSync(page, 'utf8')
  writeFileSync(
    join(root, 'web', 'room', 'format.ts'),
    "import { join } from 'node:path'\nexport const x = join\n",
  )
  assert.match(start(t, root, 'up'), /could not be built, everything else goes on \(.*node:path.*\)\n$/)
  assert.equal(readFileSync(page, 'utf8'), before)
  // As where packages for development were left out.
  rmSync(join(root, 'node_modules'))
  const said = start(t, root, 'up')
  assert.match(
    said,
    /could not be built, everything else goes on \(Error .*Cannot find package 'vite'.*\)\n$/,
  )
  rmSync(join(root, 'web'), { recursive: true })
  assert.equal(start(t, root, 'up'), '', 'a package without sources brings its pages')
  mkdirSync(join(root, 'web'))
  assert.match(start(t, root, 'up'), /could not be built/)
})
