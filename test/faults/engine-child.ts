/** The far end of `engine-process.ts`: an embedded engine whose methods are called over the channel to the parent. */
import { argv } from 'node:process'
import { realClock } from '../../src/app/index.ts'
import { embeddedEngine } from '../fixtures/embedded.ts'
import type { Call, Reply } from './engine-process.ts'

const engine = embeddedEngine(argv[2] ?? '', realClock, { host: 'worker' })

function run(call: Call): unknown {
  switch (call.method) {
    case 'start':
      return engine.start()
    case 'publish':
      return engine.publish(call.argument)
    case 'take':
      return engine.take(call.argument)
    case 'settle':
      return engine.settle(call.argument)
    case 'accepting':
      return engine.accepting()
    case 'counts':
      return Object.fromEntries(engine.counts())
    case 'recount':
      return engine.recount()
  }
}

process.on('message', async ({ number, call }: { number: number; call: Call }) => {
  let reply: Reply
  try {
    reply = { number, result: await run(call) }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    reply = { number, error: { code: code ?? 'none', message } }
  }
  process.send?.(reply)
})
