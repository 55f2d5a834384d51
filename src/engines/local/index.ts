export { LocalEffects, type LocalEffectsOptions } from './effects.ts'
