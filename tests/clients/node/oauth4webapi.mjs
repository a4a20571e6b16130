// The whole trip by npm oauth4webapi, the strictest checker of single answers: one request, one verdict.
import * as oauth from 'oauth4webapi';

import { openAuthSession } from './browser.mjs';
import { check, refusal, run } from './program.mjs';

// The suite's broker is at http://127.0.0.1.
const insecure = { [oauth.allowInsecureRequests]: true };

await run(async (trip) => {
  const session = await discover(trip);
  const tokens = await signIn(session, trip);
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  const userinfo = await whoIs(session, tokens.access_token, claims);
  const fresh = await refresh(session, tokens.refresh_token);
  check(fresh.refresh_token && fresh.refresh_token !== tokens.refresh_token, 'the refresh token was not rotated');
  await whoIs(session, fresh.access_token, claims);
  return {
    client: 'oauth4webapi',
    sub: userinfo.sub,
    token_type: tokens.token_type,
    expires_in: tokens.expires_in,
    scope: tokens.scope,
    id_token: claims,
    userinfo,
    refreshed: true,
    ...await end(session, trip, fresh),
  };
});

// A session is [server metadata, client, client authentication], as the library's functions take them.
async function discover({ issuer, client_id, client_secret, client_auth }) {
  const [oauth2, oidc] = await Promise.all(['oauth2', 'oidc'].map(async (algorithm) => {
    const answer = await oauth.discoveryRequest(new URL(issuer), { algorithm, ...insecure });
    return oauth.processDiscoveryResponse(new URL(issuer), answer);
  }));
  check(
    oauth2.token_endpoint === oidc.token_endpoint,
    `the two metadata documents disagree: ${oauth2.token_endpoint}, ${oidc.token_endpoint}`,
  );
  return [oidc, { client_id }, clientAuthentication(client_secret, client_auth)];
}

function clientAuthentication(secret, method = 'client_secret_basic') {
  if (secret === undefined) return oauth.None();
  return method === 'client_secret_post' ? oauth.ClientSecretPost(secret) : oauth.ClientSecretBasic(secret);
}

async function signIn(session, trip) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = trip.scope?.split(' ').includes('openid') ? oauth.generateRandomNonce() : undefined;
  const url = await authorizationUrl(session, trip, {
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  });
  const [server, client] = session;
  const callback = new URL(await openAuthSession(url, trip.redirect_uri));
  const parameters = oauth.validateAuthResponse(server, client, callback, state);
  const answer = await oauth.authorizationCodeGrantRequest(
    ...session, parameters, trip.redirect_uri, verifier, insecure,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
    expectedNonce: nonce ?? oauth.expectNoNonce,
    requireIdToken: nonce !== undefined,
  });
  if (tokens.id_token) await oauth.validateApplicationLevelSignature(server, answer, insecure);
  check(tokens.refresh_token, 'no refresh token');
  return tokens;
}

async function authorizationUrl(session, { redirect_uri, provider, par, scope, authorize }, secrets) {
  const [server, { client_id }] = session;
  const parameters = new URLSearchParams(Object.entries({
    client_id,
    redirect_uri,
    response_type: 'code',
    scope,
    provider,
    code_challenge_method: 'S256',
    ...secrets,
    ...authorize,
  }).filter(([, value]) => value !== undefined));
  const pushed = par ? await push(session, parameters) : parameters;
  return `${server.authorization_endpoint}?${pushed}`;
}

async function push([server, client, authentication], parameters) {
  const answer = await oauth.pushedAuthorizationRequest(server, client, authentication, parameters, insecure);
  const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, answer);
  return new URLSearchParams({ client_id: client.client_id, request_uri });
}

async function whoIs([server, client], accessToken, claims) {
  const answer = await oauth.userInfoRequest(server, client, accessToken, insecure);
  return oauth.processUserInfoResponse(server, client, claims?.sub ?? oauth.skipSubjectCheck, answer);
}

async function refresh([server, client, authentication], token) {
  const answer = await oauth.refreshTokenGrantRequest(server, client, authentication, token, insecure);
  const tokens = await oauth.processRefreshTokenResponse(server, client, answer);
  if (tokens.id_token) await oauth.validateApplicationLevelSignature(server, answer, insecure);
  return tokens;
}

async function end(session, { client_secret }, { access_token, refresh_token }) {
  const introspected = client_secret && await introspect(session, access_token);
  check(introspected?.active !== false, 'introspection calls a fresh access token inactive');
  await oauth.processRevocationResponse(await oauth.revocationRequest(...session, refresh_token, {
    additionalParameters: { token_type_hint: 'refresh_token' },
    ...insecure,
  }));
  const afterwards = client_secret && await introspect(session, refresh_token);
  check(!afterwards?.active, 'introspection calls a revoked refresh token active');
  return {
    introspected,
    revoked: true,
    refused_after_revoke: await refusal(refresh(session, refresh_token), ({ error }) => error),
  };
}

async function introspect([server, client, authentication], token) {
  const answer = await oauth.introspectionRequest(server, client, authentication, token, insecure);
  return oauth.processIntrospectionResponse(server, client, answer);
}
