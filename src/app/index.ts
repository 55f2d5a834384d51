export { makeLogger } from './log.ts'
export { idMaker, realClock, realRandom } from './real.ts'
export {
  describeRow,
  describeSettings,
  loadSettings,
  maskedConfig,
  maskUrl,
  NAMES,
  type Origin,
  resolveSettings,
  type SettingSources,
  type Settings,
  type ShownSetting,
} from './settings.ts'
export { type Environment, environment } from './settings-env.ts'
export type { SettingName, SettingValues } from './settings-table.ts'
