export { RedisEffects, type RedisEffectsOptions } from './effects.ts'
export { RedisLedger, type RedisLedgerOptions } from './ledger.ts'
