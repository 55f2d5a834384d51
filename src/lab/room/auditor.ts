/**
 * Judges a waiting room by what its visitors saw. Pure: it is fed a history, event by event, and keeps one record per
 * visitor and no more. It finds only what the room surely did: whatever a late message, a lost answer or an absence of
 * the visitor's own can explain is no finding.
 *
 *   L3  over_admission: see `held.ts`
 *   L2  order: A's check was answered before B's was sent, and B has the lower ticket; or B was let in while A, who has
 *       the lower ticket, was there and waited on
 *   L6  identity_leak: what a visitor received names another one
 *   L1, L4  lost_place: another ticket, none any more, a worse place though nobody came back ahead, or one ticket twice
 *   L5  never_admitted: there all the time, and left waiting to the end, or though places were free for long
 */
import { type RoomFinding, type RoomFindingKind, RoomFindings } from './findings.ts'
import { HEARSAY_MS, HeldPlaces, SUSPICIONS } from './held.ts'
import type { Asked, LineSeen, NamedIn, PassSeen, Placed, Presence, RoomEvent } from './history.ts'

/** Whoever is back within this finds everything as it was, whatever the room's settings are. */
const ABSENCE_MS = 30_000

export interface RoomAuditOptions {
  /** What the threshold really is; without it the one that the room tells is believed. */
  readonly threshold?: number
  /** For so long a place may be free while somebody who is there waits, milliseconds. */
  readonly patienceMs: number
}

export interface RoomVerdict {
  readonly ok: boolean
  readonly visitors: number
  /** Visitors who were let in, and the most who surely were inside at once. */
  readonly admitted: number
  readonly mostInside: number
  readonly counts: Partial<Record<RoomFindingKind, number>>
  /** Some of each kind, oldest first. */
  readonly findings: readonly RoomFinding[]
}

interface Highest {
  readonly ticket: number
  readonly visitor: string
  readonly epoch: number
}

interface Visitor {
  email: string
  /** Of the visit under way; undefined before it. */
  ticket: number | undefined
  epoch: number
  fresh: boolean
  /** The highest ticket that had been answered when this one's check was sent. */
  before: Highest | undefined
  place: { position: number; at: number; comebacks: number } | undefined
  /** When it was last known to wait: the sending of the question. */
  waitedAt: number
  presentSince: number | undefined
  absentSince: number | undefined
  /** Gone for longer than any room has to wait. */
  wasAway: boolean
  /** Called or let in: the moment it was learned, since when at least, and the claim window's end. */
  let: { at: number; since: number; claimBy: number | null } | undefined
  /** Parked or called in vain: goes by other rules from then on. */
  returned: boolean
  gone: boolean
}

export class RoomAuditor {
  readonly #patienceMs: number
  readonly #findings = new RoomFindings()
  readonly #held: HeldPlaces
  readonly #visitors = new Map<string, Visitor>()
  readonly #tickets = new Map<number, string>()
  #answered: Highest | undefined
  /** Of those let in, the one with the highest ticket. */
  #furthest: (Highest & { readonly at: number; readonly since: number }) | undefined
  #freeSince: number | undefined
  #line: LineSeen | undefined
  /** Grows when somebody may have come back ahead of others. */
  #comebacks = 0
  /** Judged a while later: that somebody came back ahead may be heard of only then. */
  readonly #worse: { readonly at: number; readonly comebacks: number; readonly says: string }[] = []
  #admitted = 0

  constructor({ threshold, patienceMs }: RoomAuditOptions) {
    this.#patienceMs = patienceMs
    this.#held = new HeldPlaces(this.#findings, threshold)
  }

  get violations(): number {
    return this.#findings.total
  }

  see(event: RoomEvent): void {
    switch (event.kind) {
      case 'visitor':
        this.#of(event.visitor).email = event.email.toLowerCase()
        return
      case 'asked':
        return this.#asked(event)
      case 'placed':
        return this.#placed(event)
      case 'pass':
        return this.#pass(event)
      case 'gone':
        this.#of(event.visitor).gone = true
        return this.#held.release(event.visitor)
      case 'present':
      case 'absent':
        return this.#presence(event)
      case 'named':
        return this.#named(event)
      case 'line':
        return this.#lineSeen(event)
      default:
        return event satisfies never
    }
  }

  /** `everybody`: the test went on until all should have been inside. */
  verdict({ everybody, at }: { readonly everybody: boolean; readonly at: number }): RoomVerdict {
    this.#held.finish()
    this.#worsened(Number.POSITIVE_INFINITY)
    this.#calls(at)
    if (everybody) {
      for (const [name, visitor] of this.#visitors) {
        if (!this.#waitsOn(visitor) || visitor.presentSince === undefined) continue
        const says = `${name} (ticket ${visitor.ticket}) was there to the end and was never let in`
        this.#findings.add('never_admitted', at, says)
      }
    }
    return {
      ok: this.#findings.total === 0,
      visitors: this.#visitors.size,
      admitted: this.#admitted,
      mostInside: this.#held.most,
      counts: this.#findings.counts(),
      findings: this.#findings.kept(),
    }
  }

  #of(name: string): Visitor {
    const known = this.#visitors.get(name)
    if (known) return known
    const visitor: Visitor = {
      email: '',
      ticket: undefined,
      epoch: 0,
      fresh: false,
      before: undefined,
      place: undefined,
      waitedAt: Number.NEGATIVE_INFINITY,
      presentSince: undefined,
      absentSince: undefined,
      wasAway: false,
      let: undefined,
      returned: false,
      gone: false,
    }
    this.#visitors.set(name, visitor)
    return visitor
  }

  #presence({ kind, visitor: name, at }: Presence): void {
    const visitor = this.#of(name)
    // Whoever is done closes the page, and was there all the same.
    if (visitor.gone) return
    if (kind === 'absent') {
      visitor.presentSince = undefined
      visitor.absentSince ??= at
      return
    }
    visitor.presentSince ??= at
    if (visitor.absentSince !== undefined && at - visitor.absentSince > ABSENCE_MS) {
      visitor.wasAway = true
      this.#comebacks++
    }
    visitor.absentSince = undefined
  }

  #asked({ visitor: name, at, fresh }: Asked): void {
    const { email, presentSince } = this.#of(name)
    this.#visitors.delete(name)
    // A visit of its own: what was before it is over.
    const visitor = this.#of(name)
    Object.assign(visitor, { email, presentSince, fresh, before: this.#answered, waitedAt: at })
  }

  #placed(placed: Placed): void {
    const { visitor: name, at, state, ticket, epoch, sentAt } = placed
    const visitor = this.#of(name)
    if (visitor.gone) return
    const isOver = state === 'none' || state === 'expired' || state === 'left' || state === 'done'
    if (visitor.ticket !== undefined && epoch === visitor.epoch) {
      if (ticket !== null && ticket !== visitor.ticket)
        this.#lost(at, `${name} had ticket ${visitor.ticket} and was given ticket ${ticket}`)
      const wasAsked = sentAt !== null && sentAt >= visitor.waitedAt
      if (isOver && wasAsked && !visitor.let && !visitor.wasAway)
        this.#lost(at, `${name} had ticket ${visitor.ticket} and has no place any more: ${state}`)
    }
    if (isOver) return this.#held.release(name)
    if (ticket !== null) this.#ticket(placed, visitor, ticket)
    if (state === 'parked') {
      visitor.returned = true
      this.#comebacks++
    }
    if (state === 'waiting') this.#waits(placed, visitor)
  }

  #ticket({ visitor: name, at, epoch, via }: Placed, visitor: Visitor, ticket: number): void {
    const isFirst = visitor.ticket === undefined || epoch !== visitor.epoch
    visitor.ticket = ticket
    visitor.epoch = epoch
    if (!isFirst) return
    const owner = this.#tickets.get(ticket)
    if (owner !== undefined && owner !== name)
      this.#lost(at, `ticket ${ticket} was given to ${owner} and to ${name}`)
    this.#tickets.set(ticket, name)
    const { before } = visitor
    // An order that was drawn is not the order of arrival.
    const isDrawn = this.#line?.mode === 'prequeue'
    if (via !== 'check' || isDrawn) return
    if (visitor.fresh && before?.epoch === epoch && ticket < before.ticket) {
      const says = `${before.visitor} had been given ticket ${before.ticket} when ${name} asked and got ${ticket}`
      this.#findings.add('order', at, says)
    }
    if (this.#answered?.epoch !== epoch || ticket > this.#answered.ticket)
      this.#answered = { ticket, visitor: name, epoch }
  }

  #waits({ visitor: name, at, sentAt, position, ticket, epoch }: Placed, visitor: Visitor): void {
    // Unasked, or asked before the call was heard of: what it says may be over.
    if (sentAt === null || (visitor.let && sentAt <= visitor.let.at)) return
    if (visitor.let) {
      // Called, and waiting again: the call was not taken up.
      visitor.returned = true
      this.#comebacks++
    }
    this.#held.release(name)
    const { place } = visitor
    if (place && sentAt >= place.at && position > place.position && this.#worse.length < SUSPICIONS) {
      const says = `${name} (ticket ${ticket}) was number ${place.position} and is number ${position}`
      this.#worse.push({ at, comebacks: place.comebacks, says })
    }
    visitor.place = { position, at, comebacks: this.#comebacks }
    visitor.waitedAt = Math.max(visitor.waitedAt, sentAt)
    const first = this.#furthest
    if (!first || first.epoch !== epoch || ticket === null || first.ticket <= ticket) return
    if (sentAt <= first.at || !this.#wasThere(visitor, first.since)) return
    const other = `${first.visitor} (ticket ${first.ticket})`
    const says = `${other} was let in while ${name} (ticket ${ticket}) was there and waits on`
    this.#findings.add('order', at, says)
  }

  #pass({ visitor: name, at, until, claimBy }: PassSeen): void {
    const visitor = this.#of(name)
    if (visitor.gone) return
    this.#held.take(name, at, visitor.waitedAt, until)
    if (visitor.let) return
    this.#admitted++
    visitor.let = { at, since: visitor.waitedAt, claimBy }
    const { ticket, epoch } = visitor
    if (ticket === undefined) return
    if (this.#furthest?.epoch === epoch && this.#furthest.ticket > ticket) return
    this.#furthest = { ticket, visitor: name, epoch, at, since: visitor.waitedAt }
  }

  #named({ visitor: name, at, frame, names }: NamedIn): void {
    const { email } = this.#of(name)
    for (const { what, value } of names) {
      if (value === name || (what === 'email' && value.toLowerCase() === email)) continue
      this.#findings.add('identity_leak', at, `${frame} told ${name} the ${what} of another: ${value}`)
    }
  }

  #lineSeen(line: LineSeen): void {
    const { at, epoch, active, cap, waiting, mode, limitedBy, returned } = line
    this.#held.line(line)
    this.#worsened(at)
    if (returned > 0 || (this.#line && epoch !== this.#line.epoch)) this.#comebacks++
    this.#line = line
    const isFree = mode === 'open' && limitedBy !== 'rate' && waiting > 0 && active < cap
    this.#freeSince = isFree ? (this.#freeSince ?? at) : undefined
    if (this.#freeSince === undefined || at - this.#freeSince <= this.#patienceMs) return
    const waitedMs = at - this.#freeSince
    // Once for each such time; who is there has been waiting for all of it.
    const since = this.#freeSince
    this.#freeSince = at
    for (const [name, visitor] of this.#visitors) {
      if (!this.#waitsOn(visitor) || !this.#wasThere(visitor, since)) continue
      const free = `${cap - active} places were free for ${Math.round(waitedMs / 1000)} s`
      this.#findings.add('never_admitted', at, `${name} (ticket ${visitor.ticket}) waits although ${free}`)
    }
  }

  #worsened(now: number): void {
    while (this.#worse[0] && this.#worse[0].at + HEARSAY_MS < now) {
      const one = this.#worse.shift()
      if (one && one.comebacks === this.#comebacks) this.#lost(one.at, one.says)
    }
  }

  /** The room's own moments of the calls, in the order of tickets, among those who were there. */
  #calls(at: number): void {
    const called = [...this.#visitors].filter(([, { let: one }]) => typeof one?.claimBy === 'number')
    called.sort(([, a], [, b]) => (b.ticket ?? 0) - (a.ticket ?? 0))
    let first: (typeof called)[number] | undefined
    for (const one of called) {
      const [name, visitor] = one
      const earlier = first?.[1]
      const claimBy = visitor.let?.claimBy ?? 0
      if (!first || !earlier || claimBy <= (earlier.let?.claimBy ?? 0)) {
        first = one
        continue
      }
      if (earlier.epoch !== visitor.epoch || !this.#wasThere(visitor, earlier.let?.since ?? 0)) continue
      const other = `${first[0]} (ticket ${earlier.ticket})`
      const says = `${other} was called before ${name} (ticket ${visitor.ticket}), who was there`
      this.#findings.add('order', visitor.let?.at ?? at, says)
    }
  }

  #waitsOn({ ticket, let: one, gone }: Visitor): boolean {
    return ticket !== undefined && !one && !gone
  }

  /** From `since` on without a gap, and never called in vain. */
  #wasThere({ presentSince, returned }: Visitor, since: number): boolean {
    return !returned && presentSince !== undefined && presentSince <= since
  }

  #lost(at: number, says: string): void {
    this.#findings.add('lost_place', at, says)
  }
}
