export { EmbeddedEngine, type EmbeddedOptions } from './engine.ts'
export { EmbeddedLine } from './line/engine.ts'
