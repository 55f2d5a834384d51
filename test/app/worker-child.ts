/**
 * A consumer process for the supervisor's test, with nothing in it but its manners. What it does: `run` says that it
 * runs and drains when it is told; `crash` ends by itself; `deaf` runs and does not drain; `slow` drains for a while.
 * It says `{"msg":"drained …"}` at an orderly end, with why.
 */
import { runningText } from '../../src/app/worker-process.ts'

const what = process.argv[2]
const say = (msg: string) =>
  process.stdout.write(`${JSON.stringify({ level: 30, time: 'x', msg, pid: 1 })}\n`)
const end = (why: string) => {
  if (what === 'deaf') return
  const drained = () => {
    say(`drained: ${why}`)
    process.exit(0)
  }
  if (what === 'slow') setTimeout(drained, 300)
  else drained()
}
process.on('SIGTERM', () => end('SIGTERM'))
process.once('disconnect', () => process.exit(0))
if (what === 'crash') {
  process.stderr.write('cannot start\n')
  process.exit(3)
}
// Something to stay alive for, as the real one has its sockets.
setInterval(() => {}, 60_000)
process.send?.(runningText('http://127.0.0.1:1'))
