export { RedisEffects, type RedisEffectsOptions } from './effects.ts'
export { RedisLedger, type RedisLedgerOptions } from './ledger.ts'
export { RedisLine, type RedisLineOptions } from './line/engine.ts'
