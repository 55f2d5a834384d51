/** The monitoring switch. Its keys are the older system's, in both languages. */
import type { FastifyInstance } from 'fastify'
import type { Context } from '../context.ts'
import { MONITORING_CHANGED, MONITORING_STATUS } from '../korean.ts'
import { MonitoringChange, MonitoringStatus } from '../schemas.ts'
import { iso } from '../time.ts'

/** What the switch's store may say. */
const STORE = [
  'not_available',
  'overloaded',
  'storage_failed',
  'storage_full',
  'broker_unavailable',
  'broker_blocked',
] as const

export function monitoringRoutes(app: FastifyInstance, { deps }: Context): void {
  const tags = ['monitoring']

  app.get('/api/monitoring/status', {
    schema: { tags, summary: 'The switch, and what was processed', response: { 200: MonitoringStatus } },
    config: { korean: MONITORING_STATUS },
    handler: async () => {
      const { enabled } = deps.monitoring
      const byType: Record<string, number> = {}
      let total = 0
      for (const [type, { done, rejected, dead, deleted }] of deps.engine.counts()) {
        byType[type] = done + rejected + dead + deleted
        total += byType[type]
      }
      return {
        monitoring_status: {
          monitoring_enabled: enabled,
          status_text: enabled ? 'enabled' : 'disabled',
          environment_variable: 'MONITORING_ENABLED',
          timestamp: iso(deps.clock.now()),
        },
        system_info: {
          total_messages_processed: total,
          messages_by_type: byType,
          last_processed: lastProcessed(),
        },
      }
    },
  })

  function lastProcessed(): string | null {
    const last = deps.lastProcessedAt()
    return last === undefined ? null : iso(last)
  }

  async function answer(change: Promise<{ previous: boolean; current: boolean }>) {
    const { previous, current } = await change
    return {
      success: true,
      message: current ? 'Monitoring is on' : 'Monitoring is off',
      previous_state: previous,
      current_state: current,
      timestamp: iso(deps.clock.now()),
    }
  }

  const calls = {
    toggle: () => answer(deps.monitoring.toggle()),
    enable: () => answer(deps.monitoring.set(true)),
    disable: () => answer(deps.monitoring.set(false)),
  }
  for (const [name, call] of Object.entries(calls)) {
    app.post(`/api/monitoring/${name}`, {
      schema: { tags, summary: `${name} monitoring`, response: { 200: MonitoringChange } },
      config: { korean: MONITORING_CHANGED, refusals: STORE },
      handler: call,
    })
  }
}
