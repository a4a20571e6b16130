// The hooks of `@clerk/expo` as published, in an app that React renders off the phone.
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { check, run } from '../node/program.mjs';
import { refusal } from './device.mjs';

const PLATFORM = ['expo', 'expo-apple-authentication', 'expo-auth-session', 'expo-constants', 'expo-crypto',
  'expo-secure-store', 'expo-web-browser', 'react-native'];

globalThis.window = globalThis; // as React Native has it

await run(main);
process.exit(); // the SDK keeps timers

async function main(trip) {
  const { open } = await load();
  const app = await open(trip);
  return ({ sso, next_sso: nextSso, oauth, hosted, native })[trip.mode](app, trip);
}

// esbuild in Metro's place: the packages' own builds for React Native, files for iOS first.
async function load() {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const { outputFiles: [bundle] } = await build({
    entryPoints: ['app.mjs'],
    absWorkingDir: here,
    alias: Object.fromEntries(PLATFORM.map((name) => [name, `${here}phone.mjs`])),
    conditions: ['react-native'],
    resolveExtensions: ['.ios.js', '.native.js', '.js', '.mjs', '.json'],
    define: { __DEV__: 'false', 'process.env.NODE_ENV': '"development"' },
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    logLevel: 'error',
  });
  const module = { exports: {} };
  const { createRequire } = await import('node:module');
  new Function('module', 'exports', 'require', bundle.text)(module, module.exports, createRequire(import.meta.url));
  return module.exports;
}

async function sso({ shown, until }, trip) {
  const { createdSessionId, signIn, setActive } = await shown.sso.startSSOFlow({ strategy: trip.strategy });
  if (!createdSessionId) return { status: signIn.status, error: signIn.firstFactorVerification.error?.code };
  await setActive({ session: createdSessionId });
  return signedIn(shown, until);
}

// The hook for Core 3 activates the session itself.
async function nextSso({ shown, until }, { strategy }) {
  await shown.nextSso.startSSOFlow({ strategy });
  return signedIn(shown, until);
}

async function oauth({ shown, until }) {
  const { createdSessionId, setActive } = await shown.oauth.startOAuthFlow();
  await setActive({ session: createdSessionId });
  return signedIn(shown, until);
}

async function hosted({ shown, until }) {
  const { createdSessionId } = await shown.hosted.startHostedAuth();
  check(createdSessionId, 'no session');
  return signedIn(shown, until);
}

async function native({ shown }) {
  return {
    apple: await refusal(shown.apple.startAppleAuthenticationFlow()),
    google: await refusal(shown.google.startGoogleAuthenticationFlow()),
  };
}

async function signedIn(shown, until) {
  await until(() => shown.auth.isSignedIn);
  const token = await shown.auth.getToken();
  const { userId: user_id, sessionId: session_id } = shown.auth;
  const email = shown.user.primaryEmailAddress.emailAddress;
  await shown.auth.signOut();
  await until(() => !shown.auth.isSignedIn);
  return { token, user_id, session_id, email, signed_out: true };
}
