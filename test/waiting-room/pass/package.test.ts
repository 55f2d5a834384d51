/** A shop's back end imports `weir/pass` from the published package, and nothing of the service starts with it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { newPassKey, PassSigner } from '../../../src/waiting-room/index.ts'
import { temporaryDirectory } from '../../fixtures/weir-process.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')

const SHOP = `
import { fastifyPass, passGuard, verifyPass } from 'weir/pass'
const [pass, keys] = JSON.parse(process.argv[2])
const expected = { keys, issuer: 'room', event: 'sale', now: 1_000_000 }
const guard = passGuard({ issuer: 'room', event: 'sale', keys, now: () => 1_000_000 })
const guarded = await guard({ headers: { 'weir-pass': pass } })
const other = verifyPass(pass, { ...expected, event: 'other' })
let inside = 'open'
try { await import('weir/dist/app/index.js') } catch (error) { inside = error.code }
console.log(JSON.stringify([verifyPass(pass, expected).ok, guarded.ok, other.reason, typeof fastifyPass, inside]))
`

const TYPED = `
import { type PassVerdict, verifyPass } from 'weir/pass'
export const verdict: PassVerdict = verifyPass('', { keys: { keys: [] }, issuer: 'room', event: 'sale', now: 0 })
`

test('the package as it is built: imported by its name, with types, a pass verifies', (t) => {
  const { path, remove } = temporaryDirectory()
  t.after(remove)
  const tsc = join(ROOT, 'node_modules', 'typescript', 'lib', 'tsc.js')
  const weir = join(path, 'node_modules', 'weir')
  mkdirSync(weir, { recursive: true })
  copyFileSync(join(ROOT, 'package.json'), join(weir, 'package.json'))
  // With the options of `npm run build`, and only this part of it: the rest takes longer and goes into another folder.
  const { compilerOptions } = JSON.parse(
    readFileSync(join(ROOT, 'scripts', 'tsconfig.build.json'), 'utf8'),
  ) as { compilerOptions: object }
  const rootDir = join(ROOT, 'src')
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      ...compilerOptions,
      rootDir,
      outDir: join(weir, 'dist'),
      typeRoots: [join(ROOT, 'node_modules', '@types')],
    },
    include: [],
    files: [join(rootDir, 'waiting-room', 'pass', 'index.ts')],
  }
  writeFileSync(join(path, 'build.json'), JSON.stringify(config))
  execFileSync(process.execPath, [tsc, '-p', join(path, 'build.json')], { stdio: 'inherit' })

  const signer = new PassSigner('room', [newPassKey(0)], () => 'id')
  const pass = signer.issue({ event: 'sale', visitor: 'v', ticket: 1, epoch: 1 }, 2_000_000, 1_000_000)
  writeFileSync(join(path, 'shop.mjs'), SHOP)
  const argument = JSON.stringify([pass, signer.keySet])
  const said = execFileSync(process.execPath, [join(path, 'shop.mjs'), argument], { encoding: 'utf8' })
  assert.deepEqual(JSON.parse(said), [true, true, 'event', 'function', 'ERR_PACKAGE_PATH_NOT_EXPORTED'])

  writeFileSync(join(path, 'typed.mts'), TYPED)
  const types = {
    ...config.compilerOptions,
    noEmit: true,
    rootDir: path,
    declaration: false,
    types: ['node'],
  }
  writeFileSync(
    join(path, 'typed.json'),
    JSON.stringify({ ...config, compilerOptions: types, files: [join(path, 'typed.mts')] }),
  )
  execFileSync(process.execPath, [tsc, '-p', join(path, 'typed.json')], { stdio: 'inherit' })
})
