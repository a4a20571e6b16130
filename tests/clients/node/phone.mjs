// What a phone lends to expo-auth-session, played by node: every platform module is replaced by this file.
// The package's own code is not touched; see expo_auth_session.mjs.
import { createHash, webcrypto } from 'node:crypto';

import { openAuthSession } from './browser.mjs';

// react-native and expo-modules-core
export const Platform = { OS: 'ios', isDOMAvailable: false, select: (choices) => choices.ios ?? choices.default };
export class CodedError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

// expo-web-browser: the system browser
export async function openAuthSessionAsync(url, redirectUri) {
  return { type: 'success', url: await openAuthSession(url, redirectUri) };
}
export function dismissAuthSession() {}

// expo-crypto
export const CryptoDigestAlgorithm = { SHA256: 'sha256' };
export const CryptoEncoding = { BASE64: 'base64', HEX: 'hex' };
export const getRandomValues = (array) => webcrypto.getRandomValues(array);
export async function digestStringAsync(algorithm, text, { encoding }) {
  return createHash(algorithm).update(text).digest(encoding);
}

// expo-constants and expo-application: a build from the store, not Expo Go
export const ExecutionEnvironment = { Bare: 'bare', Standalone: 'standalone', StoreClient: 'storeClient' };
export default { executionEnvironment: ExecutionEnvironment.Standalone, expoConfig: {} };
export const applicationId = 'com.example.app';

// expo-linking and react: imported by the package's hooks and providers, which no program here calls
export function createURL() { throw new Error('this phone has no app config: pass a redirect URI'); }
export function resolveScheme() { return null; }
export const useState = undefined;
export const useEffect = undefined;
export const useMemo = undefined;
export const useCallback = undefined;
