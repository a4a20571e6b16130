// What a broken broker might answer, and what each program must say to it. Each `tamper` is Koa middleware.

export const lies = ({ STRICT, EXPO, PUBLIC, SECRET }) => [
  {
    name: 'another issuer', programs: STRICT, says: /issuer/,
    trip: (url) => ({ issuer: url.replace('127.0.0.1', 'localhost') }),
  },
  { name: 'no metadata', says: /404|not valid JSON/, trip: (url) => ({ issuer: `${url}/nowhere` }) },
  {
    name: 'an unknown redirect URI', says: /stuck at .* HTTP 400/,
    trip: () => ({ redirect_uri: 'com.evil.app:/oauthredirect' }),
  },
  { name: 'a wrong secret', says: /invalid_client/, trip: () => ({ ...SECRET, client_secret: 'wrong' }) },
  {
    name: 'the person said no', says: /access_denied/,
    before: (url, steer) => steer(url, { error: 'access_denied' }),
  },
  { name: 'no rotation', says: /not rotated/, settings: { rotate: false } },
  { name: 'revocation does nothing', says: /must end in invalid_grant, not: accepted/, tamper: revokeNothing },
  // No lie: the library revokes with the secret in the header and in the body, and RFC 6749 2.3 allows one.
  { name: 'revocation with a secret', programs: [EXPO], says: /not: accepted/, trip: () => SECRET },
  { name: 'state is lost', says: /state/, tamper: inCallback(({ searchParams }) => searchParams.delete('state')) },
  {
    name: 'a foreign iss', programs: STRICT, says: /unexpected "iss"/,
    tamper: inCallback(({ searchParams }) => searchParams.set('iss', 'https://evil.example')),
  },
  {
    name: 'no iss', programs: STRICT, says: /"iss" .* missing/,
    tamper: inCallback(({ searchParams }) => searchParams.delete('iss')),
  },
  { name: 'a forged id_token', programs: STRICT, says: /signature/, tamper: inJson('/token', forge) },
  {
    name: 'a null in the token answer', programs: STRICT, says: /expires_in/,
    tamper: inJson('/token', (body) => { body.expires_in = null; }),
  },
  {
    name: 'no token_type', programs: STRICT, says: /token_type/,
    tamper: inJson('/token', (body) => { delete body.token_type; }),
  },
  {
    name: 'an error without `error`', says: /422|no tokens in/,
    tamper: inJson('/token', (_, ctx) => { ctx.status = 422; ctx.body = { detail: [] }; }),
  },
  {
    name: 'userinfo of someone else', programs: STRICT, says: /"sub" property value/,
    tamper: inJson('/me', (body) => { body.sub = 'mallory'; }),
  },
  {
    name: 'inactive at once', programs: STRICT, says: /fresh access token inactive/, trip: () => SECRET,
    tamper: inJson('/token/introspection', (_, ctx) => { ctx.body = { active: false }; }),
  },
  {
    name: 'the page may not return to the app', says: /form-action 'self'/,
    tamper: returnPage("form-action 'self'"),
  },
];

// As the broker does before it opens an app that could be anybody's: a page, and a button that proves a person.
export function returnPage(policy = "form-action 'self' com.example.app: http://127.0.0.1/") {
  const waiting = new Map();
  return async (ctx, next) => {
    if (ctx.path === '/return') return press(ctx, waiting);
    await next();
    const location = ctx.response.get('location') ?? '';
    if (!/^(com\.example\.app:|http:\/\/127\.0\.0\.1\/callback)/.test(location)) return undefined;
    const ticket = `${waiting.size}&"`;
    waiting.set(ticket, location);
    ctx.remove('location');
    ctx.append('set-cookie', '__Host-flow=here; Secure; HttpOnly; Path=/; SameSite=Lax');
    ctx.set('content-security-policy', `default-src 'none'; ${policy}`);
    ctx.set('referrer-policy', 'no-referrer');
    ctx.status = 200;
    ctx.type = 'html';
    ctx.body = `<form action='/return' method="post">
      <input type="hidden" name="ticket" value="${ticket.replace('&', '&amp;').replace('"', '&quot;')}">
      <button name="go" value="yes">Return to the app</button>
      <button name="go" value="no">Stay</button></form>`;
    return undefined;
  };
}

async function press(ctx, waiting) {
  const form = new URLSearchParams((await ctx.req.toArray()).join(''));
  const { origin, cookie, 'sec-fetch-site': site } = ctx.req.headers;
  const same = origin === 'null' && site === 'same-origin' && cookie.includes('__Host-flow=here');
  ctx.assert(same, 403, 'not this browser');
  ctx.assert(form.getAll('go').join() === 'yes', 400, 'the first button only');
  ctx.status = 303;
  ctx.set('location', waiting.get(form.get('ticket')));
}

function inCallback(change) {
  return async (ctx, next) => {
    await next();
    const location = ctx.response.get('location') ?? '';
    if (!location.startsWith('com.example.app:')) return;
    const url = new URL(location);
    change(url);
    ctx.set('location', url.href);
  };
}

function inJson(path, change) {
  return async (ctx, next) => {
    await next();
    if (ctx.path === path && ctx.body) change(ctx.body, ctx);
  };
}

async function revokeNothing(ctx, next) {
  if (ctx.path !== '/token/revocation') return next();
  ctx.status = 200;
  ctx.body = '';
  return undefined;
}

function forge(body) {
  const [header, payload, signature] = body.id_token.split('.');
  body.id_token = [header, payload, (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1)].join('.');
}
