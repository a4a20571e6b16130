// iOS and Android, end to end: the SDK in node, the system browser played by Chromium, the deep link caught where the
// operating system would catch it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { webviewBrowser } from '../../src/sso/dist/webview/browser.js';
import { approve, keepApart, returnToApp, signsInAs, somebody, stayInTheApp } from '../stage/person.mjs';
import { simulatedSdk } from '../stage/phone.mjs';
import { phones } from '../stage/phones.mjs';
import { stage } from '../stage/stage.mjs';
import { ANDROID_WEBVIEW, showWebView } from '../stage/webview.mjs';

const { broker } = await stage();
const { phone, signedIn, newContext } = phones(broker);

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

  test('the device keeps the refresh token, and no other', async () => {
    const { app, device } = await signedIn();
    const kept = JSON.parse(await device.storage.get(`sso.${broker.client_id}.session`));
    assert.deepEqual(Object.keys(kept).sort(), ['refreshToken', 'scopes', 'user']);
    assert.ok(!JSON.stringify(kept).includes(await app.getAccessToken()));
  });

  test('who closes the browser has done nothing wrong', async () => {
    const app = await (await phone((page) => page.close())).startApp();
    assert.equal(await app.signIn({ provider: 'google' }), null);
    assert.equal(app.getSnapshot().status, 'signedOut');
  });

  test('who refuses at the provider is told so', async () => {
    const app = await (await phone((page) => approve(page, '', { outcome: 'deny' }))).startApp();
    await assert.rejects(app.signIn({ provider: 'google' }), { code: 'access_denied', retryable: false });
  });

  test('a provider that fails is one error, and may be tried again', async () => {
    const app = await (await phone((page) => approve(page, somebody(), { outcome: 'fail' }))).startApp();
    await assert.rejects(app.signIn({ provider: 'google' }), { code: 'provider_error', retryable: true });
  });

  test('a second sign-in while one is open is refused at once, and the first goes on', async () => {
    const app = await (await phone((page) => page.close())).startApp();
    const first = app.signIn({ provider: 'google' });
    await assert.rejects(app.signIn({ provider: 'google' }), { code: 'locked' });
    assert.equal(await first, null);
  });

  test('an app can take a sign-in back', async () => {
    const app = await (await phone(() => new Promise(() => {}))).startApp();
    assert.equal(await app.signIn({ provider: 'google', signal: AbortSignal.timeout(1_000) }), null);
  });

  test('a redirect URL that is not on the allowlist never leaves the broker', async () => {
    const device = await phone((page) => page.close(), { redirectUri: 'brokerexample://elsewhere' });
    assert.equal(await (await device.startApp()).signIn({ provider: 'google' }), null);
  });

  test('an answer of another issuer is refused before its code is shown to anybody', async () => {
    const { app, device } = await atTheBrowser();
    const forged = (await device.link).replace(/iss=[^&]*/, 'iss=https%3A%2F%2Fevil.example');
    await assert.rejects(app.handleRedirect(forged), { code: 'issuer_mismatch' });
  });

  test('an answer with a foreign state is nobody\'s', async () => {
    const { app, device } = await atTheBrowser();
    assert.equal(await app.handleRedirect((await device.link).replace(/state=[^&]*/, 'state=another')), false);
    assert.equal(app.getSnapshot().status, 'signedOut');
  });
});

// The app has gone, or lost sight of the browser; the link of the way back is in `device.link`.
async function atTheBrowser({ email = somebody(), os = 'android' } = {}) {
  const device = await phone(signsInAs(email), { os });
  device.loseTheBrowser();
  const app = await device.startApp();
  const attempt = app.signIn({ provider: 'google' });
  attempt.catch(() => undefined);
  await device.link;
  return { app, device, attempt, email };
}

describe('the way back by another door', () => {
  test('an app that was killed while the browser was in front finishes the sign-in when the link starts it', async () => {
    const { app, device, email } = await atTheBrowser();
    app.close();
    device.openLink(await device.link);
    const started = await device.startApp();
    assert.equal(started.getSnapshot().user.email, email);
    started.close();
    assert.equal((await device.startApp()).getSnapshot().user.email, email, 'the old link is not redeemed again');
  });

  test('on Android the browser says "dismissed" before the link arrives, and the sign-in succeeds all the same', async () => {
    const { device, attempt, email } = await atTheBrowser();
    setTimeout(async () => device.openLink(await device.link), 800);
    assert.equal((await attempt).user.email, email);
  });

  test('a link later than that still signs in, for whoever watches the session', async () => {
    const { app, device, attempt, email } = await atTheBrowser();
    assert.equal(await attempt, null);
    assert.equal(await app.handleRedirect(await device.link), true);
    assert.equal(app.getSnapshot().user.email, email);
  });

  test('two who bring the same link get one session', async () => {
    const { app, device } = await atTheBrowser();
    const url = await device.link;
    assert.deepEqual(await Promise.all([app.handleRedirect(url), app.handleRedirect(url)]), [true, true]);
    assert.equal(app.events.filter(({ type }) => type === 'signed_in').length, 1);
  });
});

describe('a provider\'s own SDK on the device', () => {
  for (const [os, provider] of [['ios', 'apple'], ['ios', 'google'], ['android', 'google']]) {
    test(`${provider} on ${os} signs in behind the same call, and no browser opens`, async () => {
      const device = await phone(() => assert.fail('a browser opened'), { os });
      const email = somebody();
      const app = await device.startApp({ native: { [provider]: simulatedSdk(broker, provider, email) } });
      await app.signIn({ provider });
      assert.equal(app.getSnapshot().user.email, email);
      assert.deepEqual((await app.connections()).map((each) => each.provider), [provider]);
      await app.getAccessToken({ forceRefresh: true });
    });
  }

  test('who closes its sheet has done nothing wrong', async () => {
    const app = await (await phone(() => assert.fail('a browser opened'))).startApp({ native: { apple: async () => null } });
    assert.equal(await app.signIn({ provider: 'apple' }), null);
  });

  test('an ID token with another nonce is refused', async () => {
    const sdk = simulatedSdk(broker, 'google', somebody());
    const replayed = (ask) => sdk({ ...ask, nonce: 'another' });
    const app = await (await phone(() => assert.fail('a browser opened'))).startApp({ native: { google: replayed } });
    await assert.rejects(app.signIn({ provider: 'google' }), { code: 'access_denied', wire: 'invalid_grant' });
  });

  test('a question that only a page can ask is asked in the browser: whose is the address that both have?', async () => {
    const email = somebody();
    const first = await (await phone(signsInAs(email))).startApp();
    await first.signIn({ provider: 'github' });
    const keepsApart = async (page) => {
      await approve(page, email);
      await keepApart(page);
      await returnToApp(page);
    };
    const device = await phone(keepsApart);
    const app = await device.startApp({ native: { google: simulatedSdk(broker, 'google', email) } });
    await app.signIn({ provider: 'google' });
    assert.notEqual(app.getSnapshot().user.id, first.getSnapshot().user.id);
  });
});

describe('a window inside the app', () => {
  test('the same trip in a webview: the redirect is caught before it is followed', async () => {
    const context = await newContext({ userAgent: ANDROID_WEBVIEW });
    const email = somebody();
    const browser = webviewBrowser();
    const device = await phone(null, { os: 'android', browser });
    const app = await device.startApp();
    const closed = showWebView(context, browser, async (page) => {
      await stayInTheApp(page);
      await approve(page, email);
      await returnToApp(page);
    });
    await app.signIn({ provider: 'github' });
    assert.equal(app.getSnapshot().user.email, email);
    await closed;
  });

  test('closing the window is closing the browser', async () => {
    const browser = webviewBrowser();
    const app = await (await phone(null, { browser })).startApp();
    browser.subscribe(() => browser.current()?.dismiss());
    assert.equal(await app.signIn({ provider: 'github' }), null);
    assert.equal(browser.current(), null);
  });

  test('other apps\' schemes, and addresses that merely begin like the redirect, are not let in', async () => {
    const browser = webviewBrowser();
    const app = await (await phone(null, { browser })).startApp();
    const asked = new Promise((resolve) => { browser.subscribe(() => browser.current() && resolve(browser.current())); });
    const attempt = app.signIn({ provider: 'github' });
    const visit = await asked;
    for (const url of ['intent://x#Intent;end', 'tel:1', 'brokerexample://callbackevil?code=x&state=y', 'file:///etc/passwd']) {
      assert.equal(visit.allow(url), false, url);
    }
    assert.equal(visit.allow('https://github.com/login'), true);
    visit.dismiss();
    assert.equal(await attempt, null);
  });
});
