// iOS and Android, end to end: the SDK in node, the system browser played by Chromium, the deep link caught where the
// operating system would catch it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { startChromium, systemBrowser } from '../stage/chromium.mjs';
import { approve, signsInAs, somebody } from '../stage/person.mjs';
import { Device } from '../stage/phone.mjs';
import { startProxy } from '../stage/proxy.mjs';
import { SCHEME_REDIRECT, stage } from '../stage/stage.mjs';

const { broker, backend } = await stage();
let chromium;

before(async () => { chromium = await startChromium(); });
after(() => chromium.close());

async function phone(person, options = {}) {
  const context = await chromium.newContext();
  const app = { issuer: broker.issuer, clientId: broker.client_id, redirectUri: SCHEME_REDIRECT };
  return { context, device: new Device({ ...app, browser: systemBrowser(context, person), ...options }) };
}

async function signedIn(email = somebody(), appOptions = {}) {
  const { context, device } = await phone(signsInAs(email));
  const app = await device.startApp(appOptions);
  await app.signIn({ provider: 'google' });
  return { app, device, context, email };
}

describe('signing in', () => {
  test('a person comes back by the deep link, is known by name, and their session outlives the app', async () => {
    const { app, device, email } = await signedIn();
    assert.equal(app.getSnapshot().status, 'signedIn');
    assert.equal(app.getSnapshot().user.email, email);
    app.close();
    const again = await device.startApp();
    assert.equal(again.getSnapshot().user.email, email);
    assert.match(await again.getAccessToken(), /^ey/);
  });

  test('who closes the browser has done nothing wrong', async () => {
    const { device } = await phone((page) => page.close());
    const app = await device.startApp();
    assert.equal(await app.signIn({ provider: 'google' }), null);
    assert.equal(app.getSnapshot().status, 'signedOut');
  });

  test('who refuses at the provider is told so', async () => {
    const { device } = await phone((page) => approve(page, '', { outcome: 'deny' }));
    const app = await device.startApp();
    await assert.rejects(app.signIn({ provider: 'google' }), { code: 'access_denied' });
  });

  test('a provider that fails is one error, and may be tried again', async () => {
    const { device } = await phone((page) => approve(page, somebody(), { outcome: 'fail' }));
    const app = await device.startApp();
    await assert.rejects(app.signIn({ provider: 'google' }), { code: 'provider_error', retryable: true });
  });

  test('a second sign-in while one is open is refused at once', async () => {
    const { device } = await phone((page) => page.close());
    const app = await device.startApp();
    const first = app.signIn({ provider: 'google' });
    await assert.rejects(app.signIn({ provider: 'google' }), { code: 'locked' });
    assert.equal(await first, null);
  });

  test('a redirect URL that is not on the allowlist never leaves the broker', async () => {
    const { device } = await phone((page) => page.close(), { redirectUri: 'brokerexample://elsewhere' });
    const app = await device.startApp();
    assert.equal(await app.signIn({ provider: 'google' }), null);
  });
});
