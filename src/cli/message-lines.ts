/** JSON lines into messages: one object per line, keys in English or Korean. */
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
