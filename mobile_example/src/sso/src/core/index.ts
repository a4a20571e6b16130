// The platform-free core. `broker-sso` wraps it for Expo; this entry is for other platforms and for tests.
export { isRedirect } from './callback.js';
export { Client, type ClientConfig } from './client.js';
export { ERRORS, SSOError, type SSOErrorCode } from './errors.js';
export type * from './platform.js';
export type * from './types.js';
export { systemClock } from './clock.js';
export { memoryStorage } from './storage.js';
export { inTurns } from './turns.js';
