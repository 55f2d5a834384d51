/** Metrics of prom-client whose numbers are kept in tallies and handed over at the scrape. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { Buckets, type Tally } from './tally.ts'

/** Label values in the order of the metric's label names, and the number. */
export type Reading = readonly [labels: readonly string[], value: number]

interface Named {
  readonly registry: Registry
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
}

function labelled(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']))
}

/** A counter that takes its values from `tally` when it is scraped. */
export function talliedCounter({ registry, name, help, labels }: Named, tally: Tally): void {
  readCounter({ registry, name, help, labels }, () => tally.entries())
}

/** A counter whose totals are read at the scrape. */
export function readCounter({ registry, name, help, labels }: Named, read: () => Iterable<Reading>): void {
  new Counter({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      this.reset()
      for (const [values, value] of read()) this.inc(labelled(labels, values), value)
    },
  })
}

/** A gauge whose values are read at the scrape; label sets that are not read again disappear. */
export function readGauge({ registry, name, help, labels }: Named, read: () => Iterable<Reading>): void {
  new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      this.reset()
      for (const [values, value] of read()) this.set(labelled(labels, values), value)
    },
  })
}

/** prom-client can observe but not be given counts, so this one answers from its own buckets. */
export class TalliedHistogram extends Histogram<string> {
  readonly #named: Named
  readonly #bounds: readonly number[]
  readonly #children = new Map<
    string,
    { readonly labels: Record<string, string>; readonly buckets: Buckets }
  >()

  constructor(named: Named, bounds: readonly number[]) {
    const { registry, name, help, labels } = named
    super({ name, help, labelNames: [...labels], buckets: [...bounds], registers: [registry] })
    this.#named = named
    this.#bounds = bounds
  }

  /** The buckets of these label values; keep them where they are needed again. */
  child(...values: string[]): Buckets {
    const key = values.join('\u0000')
    const known = this.#children.get(key)
    if (known) return known.buckets
    const buckets = new Buckets(this.#bounds)
    this.#children.set(key, { labels: labelled(this.#named.labels, values), buckets })
    return buckets
  }

  /**
   * prom-client prefers this undeclared method, where it exists, when it writes the text; a test holds it
   * to that.
   */
  async getForPromString() {
    const { name, help } = this.#named
    const values: { labels: Record<string, string | number>; value: number; metricName: string }[] = []
    for (const { labels, buckets } of this.#children.values()) {
      let upTo = 0
      this.#bounds.forEach((le, i) => {
        upTo += buckets.counts[i] ?? 0
        values.push({ labels: { le, ...labels }, value: upTo, metricName: `${name}_bucket` })
      })
      values.push({ labels: { le: '+Inf', ...labels }, value: buckets.count, metricName: `${name}_bucket` })
      values.push({ labels, value: buckets.sum, metricName: `${name}_sum` })
      values.push({ labels, value: buckets.count, metricName: `${name}_count` })
    }
    return { name, help, type: 'histogram', values, aggregator: 'sum' }
  }
}
