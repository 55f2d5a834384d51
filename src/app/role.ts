/** What a process is there for. */

/** `all`: gateway, consumers and waiting room in one process; `room`: the waiting room alone. */
export type Role = 'all' | 'gateway' | 'consumer' | 'room'

export type EngineName = 'embedded' | 'rabbitmq'
