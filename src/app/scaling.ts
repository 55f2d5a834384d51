/** The scaler, wired: what it may move in this role, and what the status and the metrics say of it. */
import {
  type Actuator,
  type Consumer,
  fleetSignals,
  GaugeActuator,
  Scaler,
  type ScalingEvent,
  type ScalingRules,
  WorkerPool,
} from '../consumer/index.ts'
import type { Clock, Listener, Logger, MessageType } from '../core/index.ts'
import type { ScalingStatus, TypeControl } from '../gateway/index.ts'
import type { QueueParts } from './queue-parts.ts'
import type { Settings } from './settings.ts'

type Decision = ReturnType<Scaler['decisions']>[number]

export interface Scaling {
  start(): void
  stop(): void
  status(type: MessageType): ScalingStatus | undefined
  decisions(): readonly Decision[]
  /** What keeps workers from being there; empty while all is well. */
  reasons(): readonly string[]
}

export interface ScalingDeps {
  readonly settings: Settings
  readonly queue: QueueParts
  readonly types: TypeControl
  readonly emit: Listener<ScalingEvent>
  readonly clock: Clock
  readonly logger: Logger
}

/** Of a consumer process: the number of processes is for somebody outside to decide. */
export const NO_SCALING: Scaling = {
  start() {},
  stop() {},
  status: () => undefined,
  decisions: () => [],
  reasons: () => [],
}

/** In one process: how many of a type's slots are open. */
export function poolScaling(deps: ScalingDeps, consumer: Consumer): Scaling {
  const { settings, queue, types, clock, logger, emit } = deps
  const pool = new WorkerPool(consumer, {
    minReplicas: settings.minReplicas,
    maxReplicas: settings.maxReplicas,
    targetDrainMs: settings.drainTargetSeconds * 1000,
    windowMs: settings.scaleDownWindowSeconds * 1000,
    enabled: settings.autoScalingEnabled,
  })
  const rules = () => {
    const found = new Map<MessageType, ScalingRules>()
    for (const { name, ratePerSecond } of types.all()) {
      const one = pool.rules(name, ratePerSecond)
      if (one) found.set(name, one)
    }
    return found
  }
  const scaler = new Scaler({
    engine: queue.engine,
    types: rules,
    workers: (type) => pool.signals(type, clock.now()),
    actuator: pool,
    clock,
    logger,
    emit,
  })
  consumer.onSaturated((type) => scaler.saturated(type))
  return shown(scaler, () => [])
}

/** Over processes: those that `actuator` starts and drains, or nobody but the gauge that others follow. */
export function fleetScaling(
  deps: ScalingDeps,
  actuator?: Actuator & { reasons(): readonly string[] },
): Scaling {
  const { settings, queue, types, clock, logger, emit } = deps
  const { minReplicas, maxReplicas, autoScalingEnabled, drainTargetSeconds, targetCpuUtilization } = settings
  const { backendSlots, scaleDownWindowSeconds } = settings
  const members = () => queue.fleet.members()
  const rules = () =>
    new Map(
      types
        .all()
        .filter(({ name }) => settings.consumed.includes(name))
        .map(({ name, concurrency, ratePerSecond }): [MessageType, ScalingRules] => [
          name,
          {
            min: minReplicas,
            max: maxReplicas,
            ...(autoScalingEnabled ? {} : { fixed: minReplicas }),
            slotsPerWorker: concurrency,
            targetDrainMs: drainTargetSeconds * 1000,
            windowMs: scaleDownWindowSeconds * 1000,
            ratePerSecond,
            targetCpuPercent: targetCpuUtilization,
            ...(backendSlots > 0 && { backendSlots }),
          },
        ]),
    )
  const slots = (type: MessageType) => types.all().find(({ name }) => name === type)?.concurrency ?? 1
  const scaler = new Scaler({
    engine: queue.engine,
    types: rules,
    workers: (type) => fleetSignals(members(), type, slots(type), clock.now()),
    hears: () => queue.fleet.hears(),
    actuator: actuator ?? new GaugeActuator(members, clock),
    clock,
    logger,
    emit,
  })
  return shown(scaler, () => actuator?.reasons() ?? [])
}

function shown(scaler: Scaler, reasons: () => readonly string[]): Scaling {
  return {
    start: () => scaler.start(),
    stop: () => scaler.stop(),
    status(type) {
      const found = scaler.decisions().find((one) => one.type === type)
      return found && { wanted: found.wanted, ...found.workers, reason: found.reason }
    },
    decisions: () => scaler.decisions(),
    reasons,
  }
}
