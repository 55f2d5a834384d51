/** Runs the `weir` command. Commands are thin: they talk to the service through the client, or start it through app. */
import { CommanderError } from 'commander'
import { endWithParent, environment } from '../app/index.ts'
import { WeirClientError } from '../client/index.ts'
import { WeirError } from '../core/index.ts'
import { makeProgram } from './program.ts'
import { CommandError } from './terminal.ts'

/** One line for everything the world can do wrong; a stack only for our own bugs. */
function lineOf(error: unknown): { line: string; code: number } {
  if (error instanceof CommandError) return { line: error.message, code: error.exitCode }
  if (error instanceof WeirClientError) {
    const faults = error.faults?.map(({ field, problem }) => `${field}: ${problem}`).join('; ')
    return { line: faults ? `${error.message} (${faults})` : error.message, code: 1 }
  }
  if (error instanceof WeirError) return { line: error.message, code: 1 }
  return { line: error instanceof Error ? (error.stack ?? error.message) : String(error), code: 1 }
}

// `weir … | head` closes the pipe early; that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

// Part of another command (a stage of `weir validate`), without which it has no purpose.
if (environment().WEIR_ENDS_WITH_PARENT === '1') {
  endWithParent(() => process.kill(process.pid, 'SIGTERM'))
  process.channel?.unref()
}

try {
  await makeProgram().parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  const { line, code } = lineOf(error)
  process.stderr.write(`weir: ${line}\n`)
  process.exitCode = code
}
