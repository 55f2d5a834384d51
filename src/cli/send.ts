/** `weir send`: one message from flags, or many from a file of JSON lines or stdin. */
import { createReadStream, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { Command } from 'commander'
import { idMaker, loadSettings, realClock } from '../app/index.ts'
import type { MessageInput } from '../client/index.ts'
import { readMessageLine, readMessageLines } from './message-lines.ts'
import { type SendReport, sendAll } from './sender.ts'
import {
  CommandError,
  count,
  duration,
  type GlobalOptions,
  numberOption,
  print,
  printJson,
  senderFor,
} from './terminal.ts'

interface SendOptions extends GlobalOptions {
  readonly type?: string
  readonly content?: string
  readonly attributes?: string
  readonly key?: string
  readonly orderingKey?: string
  readonly priority?: number
  readonly delayMs?: number
  readonly ttlMs?: number
  readonly batchSize?: number
  readonly parallel: number
  readonly ids?: boolean
}

const EXAMPLES = `
Examples:
  weir send --type MNP --content "Move 010-1234-5678 to us"
  weir send messages.jsonl                 one JSON object per line: {"type":"MNP","content":"…"}
  generate | weir send -                   the same from stdin
  weir send messages.jsonl --ids > ids     the id of each accepted message, one per line

Every message is sent with an idempotency key, so repeated requests make no second message; a service that does no
keys (a broker without REDIS_URL) is not asked twice for what it may have taken.
Exit code 0 only when every message was accepted.`

export function sendCommand(program: Command): void {
  program
    .command('send')
    .summary('send one message, or many from a file or stdin')
    .description('Sends messages and accounts for every one: accepted, refused or failed.')
    .argument('[file]', 'file of JSON lines; - = stdin')
    .option('-t, --type <type>', 'type of a single message')
    .option('-c, --content <text>', 'its content')
    .option('-a, --attributes <json>', 'its attributes, a JSON object')
    .option('--key <key>', 'its idempotency key')
    .option('--ordering-key <key>', 'messages of one type and key are handled in order')
    .option('--priority <n>', '0 (last) to 9 (first)', numberOption('--priority', 0, 9))
    .option('--delay-ms <ms>', 'not handled before', numberOption('--delay-ms', 0, 31_536_000_000))
    .option('--ttl-ms <ms>', 'expires unhandled after', numberOption('--ttl-ms', 1, 31_536_000_000))
    .option('--batch-size <n>', 'messages per request (BATCH_SIZE)', numberOption('--batch-size', 1, 1000))
    .option('--parallel <n>', 'requests at once', numberOption('--parallel', 1, 64), 4)
    .option('--ids', 'print the id of each accepted message')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<SendOptions>()
      if (file === undefined) await sendOne(options)
      else await sendMany(file, options)
    })
}

async function sendOne(options: SendOptions): Promise<void> {
  const { type, content, key, orderingKey, priority, delayMs, ttlMs } = options
  if (type === undefined || content === undefined) {
    throw new CommandError(
      'give --type and --content, or a file of JSON lines (- = stdin); see weir send --help',
      2,
    )
  }
  const message: MessageInput = {
    type,
    content,
    ...(options.attributes !== undefined && { attributes: attributesOf(options.attributes) }),
    ...(key !== undefined && { idempotencyKey: key }),
    ...(orderingKey !== undefined && { orderingKey }),
    ...(priority !== undefined && { priority }),
    ...(delayMs !== undefined && { delayMs }),
    ...(ttlMs !== undefined && { ttlMs }),
  }
  const { client } = await senderFor(options)
  const accepted = await client.send(message)
  if (options.json) printJson(accepted)
  else if (options.ids) print(accepted.id)
  else {
    const place = accepted.position === undefined ? '' : `, position ${count(accepted.position)}`
    const eta = accepted.etaMs === undefined ? '' : `, in about ${duration(accepted.etaMs)}`
    print(`accepted ${accepted.id} (${accepted.type}${place}${eta})`)
  }
}

function attributesOf(text: string): NonNullable<MessageInput['attributes']> {
  const read = readMessageLine(text, 1)
  if (read?.kind === 'message') return JSON.parse(text)
  throw new CommandError('--attributes must be a JSON object', 2)
}

async function sendMany(file: string, options: SendOptions): Promise<void> {
  const input = file === '-' ? process.stdin : await openFile(file)
  const began = performance.now()
  const bar = progressBar(file === '-' ? undefined : statSync(file).size, input)
  let broken: NodeJS.ErrnoException | undefined
  const lines = readMessageLines(input, (error) => {
    broken = error
  })
  const { client, keys } = await senderFor(options)
  const report = await sendAll(lines, {
    client,
    clock: realClock,
    newKey: keys ? idMaker(realClock) : undefined,
    batchSize: options.batchSize ?? loadSettings().batchSize,
    parallel: options.parallel,
    ...(options.ids && { onAccepted: print }),
    onProgress: bar.show,
  })
  bar.clear()
  const seconds = (performance.now() - began) / 1000
  const { accepted, refused, failed, problems } = report
  if (broken) problems.push(`${file} cannot be read to its end (${broken.code ?? broken.message})`)
  if (options.json) printJson({ accepted, refused, failed, seconds: Number(seconds.toFixed(3)), problems })
  else {
    for (const problem of problems) process.stderr.write(`${problem}\n`)
    const rate = count(Math.round(accepted / Math.max(seconds, 0.001)))
    const line = `${count(accepted)} accepted, ${count(refused)} refused, ${count(failed)} failed`
    process.stderr.write(`${line} in ${seconds.toFixed(1)} s (${rate}/s)\n`)
  }
  if (broken || refused + failed > 0) process.exitCode = 1
}

function openFile(file: string): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const stream = createReadStream(file)
    stream.once('open', () => {
      if (!statSync(file).isDirectory()) return resolve(stream)
      stream.destroy()
      reject(new CommandError(`${file} is a directory; give a file of JSON lines`, 2))
    })
    stream.once('error', (error: NodeJS.ErrnoException) => {
      reject(new CommandError(`${file} cannot be read (${error.code})`, 2))
    })
  })
}

/** On a terminal only, and on stderr, so that stdout stays clean. The share is that of bytes read. */
function progressBar(totalBytes: number | undefined, input: Readable) {
  const { stderr } = process
  if (!stderr.isTTY) return { show: () => {}, clear: () => {} }
  return {
    show({ accepted, refused, failed }: SendReport) {
      const share = totalBytes
        ? Math.min(1, ((input as { bytesRead?: number }).bytesRead ?? 0) / totalBytes)
        : 0
      const width = 24
      const filled = Math.round(share * width)
      const bar = totalBytes
        ? `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${Math.round(share * 100)}% `
        : ''
      stderr.write(
        `\r\x1b[K${bar}${count(accepted)} accepted, ${count(refused)} refused, ${count(failed)} failed`,
      )
    },
    clear: () => void stderr.write('\r\x1b[K'),
  }
}
