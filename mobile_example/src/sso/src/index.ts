// broker-sso for Expo: iOS, Android and the web.
export { ERRORS, SSOError, type SSOErrorCode } from './core/errors.js';
export { memoryStorage } from './core/storage.js';
export type * from './core/types.js';
export type { Browser, NativeAnswer, NativeSignIn, TokenStorage } from './core/platform.js';
export { createSSO, type SSOConfig } from './expo/createSSO.js';
export { appleSignIn, googleSignIn } from './expo/providers.js';
export { secureStorage, tabStorage } from './expo/storage.js';
export { SSOProvider } from './react/context.js';
export { type Connections, useConnections } from './react/useConnections.js';
export { useSession } from './react/useSession.js';
export { type SSOActions, useSSO } from './react/useSSO.js';
