// The programs against an honest server, which must pass, and against a lying one, which must fail.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Browser } from './browser.mjs';
import { lies, returnPage } from './selftest_lies.mjs';
import { startUpstream } from './upstream.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const STRICT = ['openid_client.mjs', 'oauth4webapi.mjs'];
const EXPO = 'expo_auth_session.mjs';
const ALL = [...STRICT, EXPO];

const PUBLIC = { client_id: 'app', redirect_uri: 'com.example.app:/oauthredirect' };
const SECRET = { client_id: 'desk', client_secret: 'pass word+%', redirect_uri: 'http://127.0.0.1/callback' };
const CLIENTS = [
  { ...PUBLIC, application_type: 'native', id_token_signed_response_alg: 'RS256' },
  { ...SECRET, application_type: 'native', id_token_signed_response_alg: 'ES256' },
];
const SCOPE = 'openid email profile offline_access';

const run = async (program, trip) => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(trip)], { cwd: HERE });
  return JSON.parse(stdout);
};

async function withUpstream(settings, work, outermost = []) {
  const upstream = await startUpstream({ clients: CLIENTS, ...settings }, outermost);
  try {
    await work(upstream.issuer);
  } finally {
    upstream.close();
  }
}

const steer = (issuer, order) => fetch(`${issuer}/__control`, { method: 'POST', body: JSON.stringify(order) });

describe('an honest server', { concurrency: 4 }, () => {
  for (const program of ALL) {
    for (const client of program === EXPO ? [PUBLIC] : [PUBLIC, SECRET]) {
      for (const par of program === EXPO ? [false] : [false, true]) {
        test(`${program} ${client.client_id} par=${par}`, () => withUpstream({}, async (issuer) => {
          const done = await run(program, { issuer, ...client, par, scope: SCOPE, provider: 'any' });
          assert.equal(done.sub, 'alice');
          assert.equal(done.userinfo.email, 'alice@example.com');
          assert.equal(done.token_type.toLowerCase(), 'bearer');
          assert.equal(done.refused_after_revoke, 'invalid_grant');
          assert.equal(done.introspected?.active, client === SECRET ? true : undefined);
        }, [returnPage()]));
      }
    }
  }
});

describe('a lying server', { concurrency: 4 }, () => {
  for (const { name, says, programs = ALL, tamper, settings, trip, before } of lies({ STRICT, EXPO, PUBLIC, SECRET })) {
    for (const program of programs) {
      test(`${program}: ${name}`, () => withUpstream(settings, async (issuer) => {
        await before?.(issuer, steer);
        const lied = run(program, { issuer, ...PUBLIC, scope: SCOPE, ...trip?.(issuer) });
        await assert.rejects(lied, ({ code, stderr }) => code === 1 && (assert.match(stderr, says), true));
      }, tamper && [tamper]));
    }
  }
});

describe(`${EXPO}, mode errors`, () => {
  const answers = {
    '/good': [503, 'application/json', '{"error":"temporarily_unavailable"}'],
    '/detail': [429, 'application/json', '{"detail":"slow down"}'],
    '/html': [502, 'text/html', '<h1>Bad gateway</h1>'],
  };
  const ask = async (cases) => {
    const server = createServer((request, response) => {
      const [status, type, body] = answers[request.url];
      response.writeHead(status, { 'content-type': type }).end(body);
    });
    await new Promise((ready) => { server.listen(0, '127.0.0.1', ready); });
    const url = `http://127.0.0.1:${server.address().port}`;
    const trip = { mode: 'errors', cases: cases.map((one) => ({ ...one, url: url + one.url })) };
    return run(EXPO, trip).finally(() => server.close().closeAllConnections());
  };

  test('an OAuth error body is a TokenError', async () => {
    const { outcomes: [one] } = await ask([{ url: '/good', status: 503, error: 'temporarily_unavailable' }]);
    assert.equal(one.thrown, 'TokenError');
  });
  const wrong = [{ url: '/detail' }, { url: '/html' }, { url: '/good', status: 400 }, { url: '/good', error: 'x' }];
  for (const bad of wrong) {
    test(`refused: ${JSON.stringify(bad)}`, () => assert.rejects(ask([bad]), { code: 1 }));
  }
});

describe('upstream.mjs', () => {
  const trip = { ...PUBLIC, scope: SCOPE };

  test('login_hint and the control queue choose the person', () => withUpstream({}, async (issuer) => {
    const bob = { issuer, ...trip, authorize: { login_hint: 'bob@example.com' } };
    assert.equal((await run('openid_client.mjs', bob)).userinfo.email, 'bob@example.com');
    await steer(issuer, { account: 'carol' });
    assert.equal((await run('openid_client.mjs', bob)).sub, 'carol');
    const seen = await (await fetch(`${issuer}/__control`)).json();
    assert.deepEqual(seen, { signed_in: 2, authorization_code: 2, refresh_token: 2, invalid_grant: 2, queued: 0 });
  }));

  test('it ends with its parent', async () => {
    const child = spawn(process.execPath, ['upstream.mjs', JSON.stringify({ clients: CLIENTS })], { cwd: HERE });
    const line = await new Promise((resolve) => { child.stdout.once('data', resolve); });
    assert.match(JSON.parse(line).issuer, /^http:\/\/127\.0\.0\.1:\d+$/);
    child.stdin.end();
    assert.equal(await new Promise((resolve) => { child.once('exit', resolve); }), 0);
  });

  test('strict_offline: a refresh token only for offline_access and prompt=consent', () => {
    return withUpstream({ strict_offline: true }, async (issuer) => {
      await assert.rejects(run('openid_client.mjs', { issuer, ...trip }), /no refresh token/);
      await run('openid_client.mjs', { issuer, ...trip, authorize: { prompt: 'consent' } });
    });
  });

  test('withdraw: the grants of a person end', () => withUpstream({}, async (issuer) => {
    const tokens = await signInByHand(issuer);
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
    const rotated = await token(issuer, refresh);
    assert.ok(rotated.access_token);
    await steer(issuer, { withdraw: 'alice' });
    assert.equal((await token(issuer, { ...refresh, refresh_token: rotated.refresh_token })).error, 'invalid_grant');
  }));

  test('PKCE is demanded', () => withUpstream({}, async (issuer) => {
    const query = new URLSearchParams({ ...PUBLIC, response_type: 'code', scope: 'openid' });
    const callback = await new Browser().openAuthSession(`${issuer}/auth?${query}`, PUBLIC.redirect_uri);
    assert.match(callback, /error=invalid_request.*PKCE/);
  }));
});

const token = async (issuer, form) => (await fetch(`${issuer}/token`, {
  method: 'POST',
  body: new URLSearchParams({ client_id: PUBLIC.client_id, ...form }),
})).json();

async function signInByHand(issuer) {
  const { redirect_uri } = PUBLIC;
  const code_verifier = 'v'.repeat(43);
  const code_challenge = createHash('sha256').update(code_verifier).digest('base64url');
  const query = new URLSearchParams({
    ...PUBLIC, response_type: 'code', scope: 'openid', code_challenge, code_challenge_method: 'S256',
  });
  const callback = new URL(await new Browser().openAuthSession(`${issuer}/auth?${query}`, redirect_uri));
  assert.equal(callback.searchParams.get('iss'), issuer);
  const code = callback.searchParams.get('code');
  return token(issuer, { grant_type: 'authorization_code', code, code_verifier, redirect_uri });
}

describe('browser.mjs', () => {
  test('after a foreign hop a Strict cookie stays at home', async () => {
    const server = createServer((request, response) => {
      const [host] = request.headers.host.split(':');
      const { port } = server.address();
      const home = host === '127.0.0.1';
      const start = home && request.url === '/';
      const { cookie, 'sec-fetch-site': site } = request.headers;
      const back = `app:/cb?${new URLSearchParams({ cookies: cookie, site })}`;
      const none = '__Host-none=1; Secure; Path=/; SameSite=None';
      const cookies = ['strict=1; SameSite=Strict', 'lax=1', 'gone=1; Max-Age=0', none];
      response.writeHead(303, {
        'set-cookie': start ? cookies : [],
        location: start ? `http://localhost:${port}/` : home ? back : `http://127.0.0.1:${port}/callback`,
      }).end();
    });
    await new Promise((ready) => { server.listen(0, ready); });
    const url = new URL(await new Browser().openAuthSession(`http://127.0.0.1:${server.address().port}/`, 'app:/cb'));
    server.close();
    assert.equal(url.searchParams.get('cookies'), 'lax=1; __Host-none=1');
    assert.equal(url.searchParams.get('site'), 'cross-site');
  });

  test('a __Host- cookie without Secure is an error', () => {
    const store = () => new Browser().jar.store(new URL('http://127.0.0.1/'), '__Host-flow=1; Path=/');
    assert.throws(store, /a browser drops __Host-flow/);
  });
});
