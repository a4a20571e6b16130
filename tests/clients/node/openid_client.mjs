// The whole trip by npm openid-client: strict about issuer, state, iss, nonce and the id_token's signature.
import * as client from 'openid-client';

import { openAuthSession } from './browser.mjs';
import { check, refusal, run } from './program.mjs';

await run(async (trip) => {
  const config = await discover(trip);
  const tokens = await signIn(config, trip);
  const claims = tokens.claims();
  const who = claims?.sub ?? client.skipSubjectCheck;
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, who);
  const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
  check(fresh.refresh_token && fresh.refresh_token !== tokens.refresh_token, 'the refresh token was not rotated');
  await client.fetchUserInfo(config, fresh.access_token, who);
  return {
    client: 'openid-client',
    sub: userinfo.sub,
    token_type: tokens.token_type,
    expires_in: tokens.expires_in,
    scope: tokens.scope,
    id_token: claims,
    userinfo,
    refreshed: true,
    ...await end(config, trip, fresh),
  };
});

async function discover({ issuer, client_id, client_secret, client_auth }) {
  const authentication = clientAuthentication(client_secret, client_auth);
  const [oauth2, oidc] = await Promise.all(['oauth2', 'oidc'].map((algorithm) => client.discovery(
    new URL(issuer),
    client_id,
    { client_secret },
    authentication,
    { algorithm, execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
  )));
  const [left, right] = [oauth2, oidc].map((config) => config.serverMetadata().token_endpoint);
  check(left === right, `the two metadata documents disagree: ${left}, ${right}`);
  return oidc;
}

function clientAuthentication(secret, method = 'client_secret_basic') {
  if (secret === undefined) return client.None();
  return method === 'client_secret_post' ? client.ClientSecretPost(secret) : client.ClientSecretBasic(secret);
}

async function signIn(config, { redirect_uri, provider, par, scope, authorize }) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = scope?.split(' ').includes('openid') ? client.randomNonce() : undefined;
  const parameters = new URLSearchParams(Object.entries({
    redirect_uri,
    scope,
    state,
    nonce,
    provider,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...authorize,
  }).filter(([, value]) => value !== undefined));
  const build = par ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl;
  const callback = await openAuthSession(await build(config, parameters), redirect_uri);
  const tokens = await client.authorizationCodeGrant(
    config,
    new URL(callback),
    { pkceCodeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: nonce !== undefined },
  );
  check(tokens.refresh_token, 'no refresh token');
  return tokens;
}

async function end(config, { client_secret }, { access_token, refresh_token }) {
  const introspect = (token) => client_secret && client.tokenIntrospection(config, token);
  const introspected = await introspect(access_token);
  check(introspected?.active !== false, 'introspection calls a fresh access token inactive');
  await client.tokenRevocation(config, refresh_token, { token_type_hint: 'refresh_token' });
  const afterwards = await introspect(refresh_token);
  check(!afterwards?.active, 'introspection calls a revoked refresh token active');
  return {
    introspected,
    revoked: true,
    refused_after_revoke: await refusal(client.refreshTokenGrant(config, refresh_token), ({ error }) => error),
  };
}
