// What a phone lends to `@clerk/expo`, played by node: every module of the platform is replaced by this file, and no code of
// Clerk's is touched.
import { createHash, randomBytes, randomUUID as uuid } from 'node:crypto';

import { openAuthSession } from '../node/browser.mjs';

const trip = JSON.parse(process.argv[2]);

// react-native
export const Platform = { OS: 'ios', constants: { reactNativeVersion: { major: 0, minor: 83 } }, select: (of) => of.ios };
export const NativeModules = {};
export const AppState = { currentState: 'active', addEventListener: () => ({ remove() {} }) };
export const TurboModuleRegistry = { get: () => null };
export const StyleSheet = { create: (styles) => styles };
export const View = 'View';
export const Text = 'Text';

// expo: Google's SDK, and no other native module
export const requireNativeView = () => 'NativeView';
export const requireOptionalNativeModule = (name) => (name === 'ClerkGoogleSignIn' ? google : null);
const google = {
  configure() {},
  presentExplicitSignIn: async () => ({ type: 'success', data: { idToken: trip.id_token, user: { id: '1', email: '' } } }),
};

// expo-apple-authentication
export const AppleAuthenticationScope = { FULL_NAME: 0, EMAIL: 1 };
export const isAvailableAsync = async () => true;
export const signInAsync = async () => ({ identityToken: trip.id_token, fullName: { givenName: 'Ada', familyName: null } });

// expo-auth-session, expo-web-browser: the app's own address, and the system's browser
export const makeRedirectUri = () => trip.redirect_uri;
export async function openAuthSessionAsync(url, redirectUri) {
  return { type: 'success', url: await openAuthSession(await pick(url), redirectUri) };
}

// At the hosted page the person picks a provider; anywhere else there is nothing to pick.
async function pick(url) {
  const answer = await fetch(url, { redirect: 'manual' });
  const links = [...(await answer.text()).matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, href]) => href.replaceAll('&amp;', '&'));
  return links.find((href) => href.endsWith(`provider=${trip.strategy.replace('oauth_', '')}`)) ?? url;
}
export const maybeCompleteAuthSession = () => {};

// expo-crypto
export const CryptoDigestAlgorithm = { SHA256: 'sha256' };
export const CryptoEncoding = { BASE64: 'base64', HEX: 'hex' };
export const randomUUID = uuid;
export const getRandomBytes = (count) => new Uint8Array(randomBytes(count));
export const digestStringAsync = async (algorithm, text, { encoding }) => createHash(algorithm).update(text).digest(encoding);

// expo-secure-store
const kept = new Map();
export const AFTER_FIRST_UNLOCK = 0;
export const getItemAsync = async (name) => kept.get(name) ?? null;
export const setItemAsync = async (name, value) => void kept.set(name, value);
export const deleteItemAsync = async (name) => void kept.delete(name);

// expo-constants: a build from the store, not Expo Go
export default {
  executionEnvironment: 'standalone',
  expoConfig: { extra: { EXPO_PUBLIC_CLERK_GOOGLE_WEB_CLIENT_ID: 'web', EXPO_PUBLIC_CLERK_GOOGLE_IOS_CLIENT_ID: 'ios' } },
};
