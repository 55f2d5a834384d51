/** What a process is there for. */

/** `all`: gateway and consumers in one process. */
export type Role = 'all' | 'gateway' | 'consumer'

export type EngineName = 'embedded' | 'rabbitmq'
