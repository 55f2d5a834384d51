/**
 * Side by side: every round runs each variant once, in the order given, so that drift of the machine hits all
 * alike.
 */

export async function alternate<Name extends string, T>(
  rounds: number,
  variants: Readonly<Record<Name, () => Promise<T>>>,
  say: (line: string) => void,
  describe: (result: T) => string,
): Promise<Record<Name, T[]>> {
  const names = Object.keys(variants) as Name[]
  const results = Object.fromEntries(names.map((name) => [name, [] as T[]])) as Record<Name, T[]>
  for (let round = 1; round <= rounds; round++) {
    for (const name of names) {
      const result = await variants[name]()
      results[name].push(result)
      say(`round ${round}/${rounds}  ${name}: ${describe(result)}`)
    }
  }
  return results
}
