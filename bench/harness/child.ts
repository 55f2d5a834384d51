/** A child's side of processes.ts: its settings come as one argument, its answer is one line of JSON. */
import { once } from 'node:events'

export function childConfig<T>(): T {
  return JSON.parse(process.argv[2] ?? '{}') as T
}

export function answer(result: object): void {
  console.log(JSON.stringify(result))
}

/** Resolves when all that run side by side are ready; see `runTogether`. */
export async function togetherWithOthers(): Promise<void> {
  answer({ ready: true })
  await once(process.stdin, 'data')
  process.stdin.destroy()
}
