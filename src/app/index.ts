export { makeLogger } from './log.ts'
export { endWithParent, runWeir } from './process.ts'
export { idMaker, realClock, realRandom } from './real.ts'
export { removeBrokerQueue } from './remove-queue.ts'
export { checkDraw, checkNumber, type DrawCheck, type DrawRecord } from './room-draw.ts'
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
  shownType,
} from './settings.ts'
export { type Environment, environment } from './settings-env.ts'
export type { SettingName, SettingValues } from './settings-table.ts'
export { packageVersion } from './version.ts'
export { type RunningWeir, startWeir, type WeirOverrides } from './weir.ts'
