export {
  expressPass,
  fastifyPass,
  type Guard,
  type GuardedRequest,
  type GuardOptions,
  PASS_COOKIE,
  PASS_HEADER,
  passGuard,
} from './guard.ts'
export { KeySource, type KeySourceOptions } from './keys.ts'
export { newPassKey, type PassClaims, type PassKey, PassSigner, rotated } from './sign.ts'
export {
  keyIdOf,
  PASS_LIMITS,
  type Pass,
  type PassExpectation,
  type PassJwk,
  type PassKeySet,
  type PassRefusal,
  type PassVerdict,
  verifyPass,
} from './verify.ts'
