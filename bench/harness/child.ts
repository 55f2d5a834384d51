/** A child's side of processes.ts: its settings come as one argument, its answer is one line of JSON. */

export function childConfig<T>(): T {
  return JSON.parse(process.argv[2] ?? '{}') as T
}

export function answer(result: object): void {
  console.log(JSON.stringify(result))
}
