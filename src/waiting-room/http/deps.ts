/** What the room's HTTP service is given; `app/` puts it together. */
import type { FastifyInstance } from 'fastify'
import type { Clock, Logger, Random } from '../../core/index.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { Identity, Sessions } from '../accounts/session.ts'
import type { DoorSettings } from '../door.ts'
import type { Flows } from '../flows.ts'
import type { PassSigner } from '../pass/index.ts'
import type { LineEngine, LineHealth } from '../port.ts'
import type { FailOpen } from './fail-open.ts'

/** The messages that visitors cause wait too long: the door follows them. */
export interface SlowedBy {
  readonly cause: 'backlog'
  readonly messageType: string
  /** Predicted, of a message that would come now; null = it cannot be foreseen. */
  readonly waitSeconds: number | null
}

export interface RoomDeps {
  readonly line: LineEngine
  readonly flows: Pick<Flows, 'eta'>
  readonly passes: Pick<PassSigner, 'issue' | 'keySet'>
  readonly sessions: Pick<Sessions, 'issue' | 'identify'>
  /** undefined: visitors come with the host application's tokens alone. */
  readonly accounts?: Accounts
  /** Whose a token is that is no session of ours. */
  readonly identifyHosted?: (token: string) => Promise<Identity | undefined>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** 32 random bytes in hex, for the secret of a draw. */
  readonly newSecret: () => string
  readonly options: RoomOptions
  /** Whether the room can do its work; the line's own health unless set. */
  readonly health?: () => LineHealth
  /** Prometheus text and its content type; absent = there is no such route. */
  readonly metrics?: () => Promise<{ readonly contentType: string; readonly body: string }>
  /** Why doors let fewer in than their operators set, where something else decides; absent = nothing does. */
  readonly slowedBy?: (event: string) => SlowedBy | undefined
  /** Absent = nobody is let in while the line is away. */
  readonly failOpen?: FailOpen
  /** Adds the web pages to the service; absent = the API alone. */
  readonly pages?: (app: FastifyInstance) => void
}

export interface RoomOptions {
  /** Unknown events are made when somebody enters them; otherwise they are refused. */
  readonly autoCreate: boolean
  /** Of events that are made. */
  readonly door: DoorSettings
  /** New tickets one address may take in a minute; 0 = no limit. Many people share an address. */
  readonly ticketsPerAddress: number
  /** Registrations and logins one address may try in a minute; 0 = no limit. */
  readonly loginsPerAddress: number
  /** Addresses of proxies whose `X-Forwarded-For` is believed; none unless set. */
  readonly trustProxy: readonly string[]
  /** Pages of other origins that may use the API; none unless set. */
  readonly origins?: readonly string[]
}
