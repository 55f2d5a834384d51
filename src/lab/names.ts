/**
 * How the lab names its messages: in the content, because that is what arrives at a back end whatever lies between. A
 * message whose answer was lost is known again by it, and the same arrivals in two runs are told by the number in it.
 */

const MARK = 'weir-load'

export interface LoadName {
  /** Unique to the message among all runs. */
  readonly ref: string
  /** Its place in its run: the same in every run of the same seed. */
  readonly key: string
}

export const refOf = (run: string, index: number): string => `${run}/${index}`

/** The content of the message `ref`. */
export const contentOf = (ref: string): string => `${MARK} ${ref}`

/** The name in a content; undefined for one that is not the lab's. */
export function nameOf(content: string): LoadName | undefined {
  const found = /^weir-load ((\S{1,100})\/(\d{1,15}))(?: |$)/.exec(content)
  return found?.[1] === undefined || found[3] === undefined ? undefined : { ref: found[1], key: found[3] }
}
