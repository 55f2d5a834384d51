#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { launch, ROOT } from './bootstrap.mjs'
import { buildStalePages } from './pages.mjs'

const source = join(ROOT, 'src', 'cli', 'main.ts')
const script = existsSync(source) ? source : join(ROOT, 'dist', 'cli', 'main.js')
const args = process.argv.slice(2)
await launch(script, args, { prepare: (node) => buildStalePages(ROOT, node, args) })
