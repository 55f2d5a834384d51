/** JSON lines into messages: one object per line, keys in English or Korean. */
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { MessageInput } from '../client/index.ts'

export type ReadLine =
  | { readonly kind: 'message'; readonly line: number; readonly message: MessageInput }
  | { readonly kind: 'fault'; readonly line: number; readonly problem: string }

const KOREAN: Readonly<Record<string, string>> = { 타입: 'type', 내용: 'content', 속성들: 'attributes' }

/** Blank lines are passed over. What a message must hold is the service's to say; here only that it is an object. */
export function readMessageLine(text: string, line: number): ReadLine | undefined {
  if (text.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'fault', line, problem: 'not JSON' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'fault', line, problem: 'not a JSON object' }
  }
  const entries = Object.entries(value).map(([key, item]) => [KOREAN[key] ?? key, item])
  return { kind: 'message', line, message: Object.fromEntries(entries) as MessageInput }
}

/** The lines to the end, or to where reading breaks: `onBroken` is told, and what was read counts. */
export async function* readMessageLines(
  input: Readable,
  onBroken: (error: NodeJS.ErrnoException) => void,
): AsyncGenerator<ReadLine> {
  const texts = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  // Not every runtime hands the input's error on to whoever reads the lines.
  input.once('error', (error) => {
    onBroken(error)
    texts.close()
  })
  let number = 0
  try {
    for await (const text of texts) {
      const line = readMessageLine(text, ++number)
      if (line) yield line
    }
  } catch (error) {
    if (error !== input.errored) throw error
  }
}
