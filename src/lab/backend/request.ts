/** What a call brings: its body, and the names by which the log and chance know it. */
import type { IncomingMessage } from 'node:http'
import { LIMITS } from '../../core/index.ts'
import { nameOf } from '../names.ts'

/** The message with what stands around it. */
const LARGEST_BODY = LIMITS.bodyBytes + 64 * 1024

/** undefined when it was too long or broke off. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request) {
      size += (chunk as Buffer).length
      // Read to its end all the same: an answer before that would break the caller's connection.
      if (size <= LARGEST_BODY) chunks.push(chunk as Buffer)
    }
  } catch {
    request.destroy()
    return undefined
  }
  return size > LARGEST_BODY ? undefined : Buffer.concat(chunks)
}

/** `key` is what service time and fate are drawn by: the same for the same message in two runs, where it has a name. */
export function namesOf(request: IncomingMessage, body: Buffer, number: number) {
  const header = (name: string) => {
    const value = request.headers[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const sent = objectOf(body)
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
  const id = header('weir-message-id') ?? header('idempotency-key') ?? text(sent?.id) ?? `call-${number}`
  const type = header('weir-message-type') ?? text(sent?.type)
  const attempt = Number(header('weir-attempt'))
  const name = nameOf(text(sent?.content) ?? '')
  return {
    id,
    key: name?.key ?? id,
    ...(type !== undefined && { type }),
    ...(attempt > 0 && { attempt }),
    ...(name && { ref: name.ref }),
  }
}

function objectOf(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
