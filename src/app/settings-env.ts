/** The only place that reads the process's environment. */

export type Environment = Readonly<Record<string, string | undefined>>

/** The environment as it is now; everything else is handed it. */
export function environment(): Environment {
  return process.env
}
