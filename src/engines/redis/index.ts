export { RedisLedger, type RedisLedgerOptions } from './ledger.ts'
