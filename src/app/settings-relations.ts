/** What settings may not be together; each refusal is one line that names the variable to change. */
import type { EngineName, Role } from './role.ts'
import { checkRoom } from './settings-room-relations.ts'
import type { SettingValues } from './settings-table.ts'
import { invalid } from './settings-types.ts'

/** What `engine` comes to with the rest of the settings. */
export function chosenEngine({ engine, rabbitmqUrl }: SettingValues): EngineName {
  if (engine !== 'auto') return engine
  return rabbitmqUrl === undefined ? 'embedded' : 'rabbitmq'
}

export interface Situation {
  readonly role: Role
  readonly engineName: EngineName
  /** This process works on some of the types only. */
  readonly dedicated: boolean
}

/** Throws `invalid_setting` for the first contradiction. */
export function checkRelations(settings: SettingValues, situation: Situation): void {
  const { minReplicas, maxReplicas } = settings
  checkEngine(settings, situation)
  if (minReplicas > maxReplicas) {
    throw invalid(`MIN_REPLICAS must be at most MAX_REPLICAS; found ${minReplicas} and ${maxReplicas}`)
  }
  checkSlots(settings, situation)
  checkPorts(settings, situation.role)
  if (hasRoom(settings, situation.role)) checkRoom(settings, situation.role)
}

/** One process already would call more at once than the back end is said to bear. */
function checkSlots(
  { backendSlots, concurrency, minReplicas }: SettingValues,
  { engineName }: Situation,
): void {
  if (backendSlots === 0 || engineName === 'embedded') return
  const fewest = minReplicas * concurrency
  if (backendSlots >= fewest) return
  const why = `${minReplicas} × CONCURRENCY, which MIN_REPLICAS processes call at once`
  throw invalid(`BACKEND_SLOTS must be 0 or at least ${fewest} (${why}); found ${backendSlots}`)
}

/** Throws where consumer processes cannot be started by this one. */
export function checkProcesses(
  settings: Pick<SettingValues, 'queueTopology'> & { engineName: EngineName },
): void {
  if (settings.engineName !== 'rabbitmq') {
    throw invalid(
      'RABBITMQ_URL must be set for --processes: consumer processes share their queue by a broker',
    )
  }
  if (settings.queueTopology === 'single') {
    throw invalid('QUEUE_TOPOLOGY must be per-type for --processes, which starts processes for each type')
  }
}

function checkEngine(settings: SettingValues, { role, engineName, dedicated }: Situation): void {
  const { engine, rabbitmqUrl, queueTopology } = settings
  if (engineName === 'rabbitmq' && rabbitmqUrl === undefined) {
    throw invalid('RABBITMQ_URL must be set where QUEUE_ENGINE is rabbitmq')
  }
  if (engineName === 'embedded') {
    if (role === 'all' || role === 'room') return
    const wanted = engine === 'auto' ? 'RABBITMQ_URL must be set' : 'QUEUE_ENGINE must be rabbitmq or auto'
    const why = `the role ${role} works on a broker, which several processes can share`
    throw invalid(`${wanted}: ${why}; without one run weir up`)
  }
  if (queueTopology === 'single' && dedicated && role !== 'gateway') {
    const why = 'with QUEUE_TOPOLOGY=single every consumer takes every type'
    throw invalid(`MESSAGE_TYPE must be all: ${why}; or set QUEUE_TOPOLOGY to per-type`)
  }
}

function checkPorts(settings: SettingValues, role: Role): void {
  const { apiPort, roomPort, metricsPort, healthCheckPort } = settings
  const hasApi = role === 'all' || role === 'gateway'
  const ports = {
    ...(hasApi && { API_PORT: apiPort }),
    ...(hasRoom(settings, role) && { ROOM_PORT: roomPort }),
    METRICS_PORT: metricsPort,
    HEALTH_CHECK_PORT: healthCheckPort,
  }
  const taken = new Map<number, string>()
  for (const [variable, value] of Object.entries(ports)) {
    if (value === 'off' || value === 0) continue
    const owner = taken.get(value)
    if (owner) throw invalid(`${variable} must differ from ${owner}; both are ${value}`)
    taken.set(value, variable)
  }
}

/** Whether this process serves a waiting room. */
export function hasRoom({ roomPort }: Pick<SettingValues, 'roomPort'>, role: Role): boolean {
  return role === 'room' || (role === 'all' && roomPort !== 'off')
}
