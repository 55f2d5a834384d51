#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { launch, ROOT } from './bootstrap.mjs'

const source = join(ROOT, 'src', 'cli', 'main.ts')
const script = existsSync(source) ? source : join(ROOT, 'dist', 'cli', 'main.js')
await launch(script, process.argv.slice(2))
