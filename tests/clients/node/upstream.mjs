// An identity provider nobody of us wrote (npm oidc-provider), signing in whom it is told to, without a page.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createServer } from 'node:http';

import { input } from './program.mjs';

// The library's notices go to stdout otherwise, where the suite reads our one JSON line.
console.info = console.error;
const { default: Provider } = await import('oidc-provider');

const SIGNING_KEYS = [
  signingKey('ec', 'ES256', { namedCurve: 'P-256' }),
  signingKey('rsa', 'RS256', { modulusLength: 2048 }),
];

// Resolves to { issuer, close }. README.md describes `settings`; `outermost` is Koa middleware that sees every answer.
export async function startUpstream(settings = {}, outermost = []) {
  const server = createServer();
  await new Promise((ready, failed) => {
    server.on('error', failed).listen(settings.port ?? 0, '127.0.0.1', ready);
  });
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const people = new People(settings.accounts);
  const provider = new Provider(issuer, configuration(settings, people));
  const script = { next: [], grants: new Map(), seen: {} };
  count(provider, script.seen);
  for (const middleware of [...outermost, control(provider, script), signIn(provider, people, script)]) {
    provider.use(middleware);
  }
  server.on('request', provider.callback());
  return { issuer, close: () => server.close().closeAllConnections() };
}

class People {
  constructor(accounts = [{ sub: 'alice', email: 'alice@example.com', email_verified: true, name: 'Alice Example' }]) {
    this.accounts = accounts;
  }

  // An unknown name becomes a person, so that a test needs no registration to have a thousand of them.
  find(hint = this.accounts[0].sub) {
    const known = this.accounts.find(({ sub, email }) => sub === hint || email === hint);
    if (known) return known;
    const email = hint.includes('@') ? hint : `${hint}@example.com`;
    this.accounts.push({ sub: hint, email, email_verified: true, name: hint });
    return this.accounts.at(-1);
  }
}

function configuration(settings, people) {
  const hour = 3600;
  return {
    clients: settings.clients.map(registration),
    findAccount: (_, sub) => ({ accountId: sub, claims: () => people.find(sub) }),
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: !settings.claims_in_id_token,
    scopes: ['openid', 'offline_access', ...(settings.scopes ?? [])],
    pkce: { required: () => true },
    rotateRefreshToken: () => settings.rotate ?? true,
    ...(settings.strict_offline ? {} : alwaysRefreshable),
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      revocation: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
    },
    interactions: { url: (_, interaction) => `/sign-in/${interaction.uid}` },
    enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256'] },
    jwks: { keys: SIGNING_KEYS },
    cookies: { keys: [randomUUID()] },
    ttl: {
      AccessToken: settings.access_token_ttl ?? hour,
      IdToken: hour, Session: hour, Interaction: hour, Grant: 24 * hour, RefreshToken: 24 * hour,
    },
  };
}

// The library asks for offline_access and prompt=consent, like Google; most providers just give a refresh token.
const alwaysRefreshable = {
  issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
  expiresWithSession: () => false,
};

function registration({ redirect_uri, ...client }) {
  return {
    redirect_uris: [redirect_uri],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: client.client_secret ? 'client_secret_basic' : 'none',
    id_token_signed_response_alg: 'ES256',
    ...client,
  };
}

function signingKey(type, alg, options) {
  return { ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg };
}

// Every visit starts signed out and ends signed in: the person is the queued one, the login_hint's, or the default.
function signIn(provider, people, script) {
  return async (ctx, next) => {
    if (ctx.path === '/auth') delete ctx.req.headers.cookie;
    if (!ctx.path.startsWith('/sign-in/')) return next();
    const { params } = await provider.interactionDetails(ctx.req, ctx.res);
    const { account, error } = script.next.shift() ?? {};
    const result = error
      ? { error, error_description: 'The person said no.' }
      : await consent(provider, script, params, people.find(account ?? params.login_hint).sub);
    return ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
  };
}

async function consent(provider, script, { client_id: clientId, scope }, accountId) {
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  script.grants.set(accountId, [...(script.grants.get(accountId) ?? []), grantId]);
  return { login: { accountId }, consent: { grantId } };
}

// POST {"account"} or {"error"} queues one sign-in, {"withdraw": sub} ends a person's grants; GET tells what was seen.
function control(provider, script) {
  return async (ctx, next) => {
    if (ctx.path !== '/__control') return next();
    if (ctx.method !== 'GET') await steer(provider, script, JSON.parse(await bodyOf(ctx.req)));
    ctx.body = { ...script.seen, queued: script.next.length };
  };
}

async function steer(provider, script, { withdraw, ...signInAs }) {
  if (withdraw === undefined) return script.next.push(signInAs);
  for (const grantId of script.grants.get(withdraw) ?? []) {
    await (await provider.Grant.find(grantId))?.destroy();
  }
  return script.grants.delete(withdraw);
}

async function bodyOf(request) {
  let text = '';
  for await (const piece of request) text += piece;
  return text;
}

function count(provider, seen) {
  const add = (what) => { seen[what] = (seen[what] ?? 0) + 1; };
  provider.on('authorization.success', () => add('signed_in'));
  provider.on('grant.success', ({ oidc }) => add(oidc.params.grant_type));
  provider.on('grant.error', (_, { error }) => add(error));
  provider.on('server_error', (_, error) => console.error(error));
}

if (realpathSync(process.argv[1]) === import.meta.filename) {
  const { issuer } = await startUpstream(input());
  console.log(JSON.stringify({ issuer }));
  // A killed test-suite leaves no provider behind.
  process.stdin.resume().on('close', () => process.exit(0));
}
