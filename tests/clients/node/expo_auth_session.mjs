// npm expo-auth-session as published, off the phone: only its platform modules are replaced, by phone.mjs.
// {"mode": "errors"} asks instead whether every error answer reaches the app as a TokenError.
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { check, refusal, run } from './program.mjs';

const expo = await load();

await run((trip) => (trip.mode === 'errors' ? errors(trip) : signInAndOut(trip)));

// esbuild, because the package is written for Metro: imports without extension, platform modules, __DEV__.
async function load() {
  const platform = ['expo-application', 'expo-constants', 'expo-crypto', 'expo-linking', 'expo-modules-core',
    'expo-web-browser', 'react', 'react-native'];
  const phone = fileURLToPath(new URL('phone.mjs', import.meta.url));
  const { outputFiles: [bundle] } = await build({
    entryPoints: ['expo-auth-session'],
    absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
    alias: Object.fromEntries(platform.map((name) => [name, phone])),
    define: { __DEV__: 'false' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
  });
  return import(`data:text/javascript;base64,${Buffer.from(bundle.contents).toString('base64')}`);
}

async function signInAndOut({ issuer, client_id: clientId, client_secret: clientSecret, ...trip }) {
  const discovery = await expo.fetchDiscoveryAsync(issuer);
  const app = { clientId, clientSecret };
  const tokens = await signIn(discovery, app, trip);
  const userinfo = await whoIs(discovery, tokens.accessToken);
  const fresh = await expo.refreshAsync({ ...app, refreshToken: tokens.refreshToken }, discovery);
  check(fresh.refreshToken && fresh.refreshToken !== tokens.refreshToken, 'the refresh token was not rotated');
  check((await whoIs(discovery, fresh.accessToken)).sub === userinfo.sub, 'the refreshed token is of someone else');
  const ended = { ...app, token: fresh.refreshToken, tokenTypeHint: expo.TokenTypeHint.RefreshToken };
  await expo.revokeAsync(ended, discovery);
  const again = expo.refreshAsync({ ...app, refreshToken: fresh.refreshToken }, discovery);
  return {
    client: 'expo-auth-session',
    sub: userinfo.sub,
    token_type: tokens.tokenType,
    expires_in: tokens.expiresIn,
    scope: tokens.scope,
    has_id_token: tokens.idToken !== undefined,
    userinfo,
    refreshed: true,
    revoked: true,
    refused_after_revoke: await refusal(again, (error) => error instanceof expo.TokenError && error.code),
  };
}

async function signIn(discovery, app, { redirect_uri, provider, scope, authorize }) {
  const redirectUri = expo.makeRedirectUri({ native: redirect_uri });
  const request = new expo.AuthRequest({
    ...app,
    clientSecret: undefined, // it would go into the URL
    redirectUri,
    scopes: scope?.split(' '),
    extraParams: { provider, ...authorize },
  });
  const result = await request.promptAsync(discovery);
  if (result.type !== 'success') throw result.error ?? new Error(`the browser ended with ${result.type}`);
  const tokens = await expo.exchangeCodeAsync({
    ...app,
    code: result.params.code,
    redirectUri,
    extraParams: { code_verifier: request.codeVerifier },
  }, discovery);
  check(tokens.accessToken && tokens.refreshToken, `no tokens in ${JSON.stringify(tokens.rawResponse)}`);
  return tokens;
}

// The library reads no status: an error body looks like a person without `sub`.
async function whoIs(discovery, accessToken) {
  const userinfo = await expo.fetchUserInfoAsync({ accessToken }, discovery);
  check(userinfo.sub, `no sub in ${JSON.stringify(userinfo)}`);
  return userinfo;
}

async function errors({ cases, ...shared }) {
  const outcomes = [];
  for (const one of cases) outcomes.push(await provoke({ ...shared, ...one }));
  const lost = outcomes.filter(({ thrown, as_expected }) => thrown !== 'TokenError' || !as_expected);
  check(lost.length === 0, `not a TokenError, or not the expected one: ${JSON.stringify(lost)}`);
  return { client: 'expo-auth-session', mode: 'errors', outcomes };
}

// `body_bytes` makes the request too large; `status` and `error` are what the server is expected to answer.
async function provoke({ url, status, error, client_id, client_secret, redirect_uri, code, body_bytes }) {
  const answered = watchStatus();
  const exchange = expo.exchangeCodeAsync({
    clientId: client_id ?? 'app',
    clientSecret: client_secret,
    redirectUri: redirect_uri ?? 'com.example.app:/oauthredirect',
    code: code ?? 'x'.repeat(body_bytes ?? 43),
    extraParams: { code_verifier: 'v'.repeat(43) },
  }, { tokenEndpoint: url });
  const thrown = await exchange.then(() => undefined, (problem) => problem);
  const seen = { status: answered.status, error: thrown?.code };
  return {
    url,
    ...seen,
    thrown: thrown instanceof expo.TokenError ? 'TokenError' : String(thrown ?? 'nothing: taken as success'),
    as_expected: (status ?? seen.status) === seen.status && (error ?? seen.error) === seen.error,
  };
}

// The library hides the status, so it is read off the platform's fetch.
function watchStatus() {
  const { fetch } = globalThis;
  const answered = {};
  globalThis.fetch = async (...request) => {
    globalThis.fetch = fetch;
    const response = await fetch(...request);
    answered.status = response.status;
    return response;
  };
  return answered;
}
