export type { GatewayEvent } from './events.ts'
export { createGateway, createProbes, type HttpService, service } from './gateway.ts'
export { GATEWAY_DEFAULTS, type GatewayOptions } from './options.ts'
export type {
  EffectsPlace,
  GatewayDeps,
  MonitoringSwitch,
  Readiness,
  ScalingStatus,
  TypeControl,
} from './ports.ts'
