// The web version of the example app in Chromium: popup, redirect, Cross-Origin-Opener-Policy everywhere, and what a signed-in
// person does.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { startChromium } from '../stage/chromium.mjs';
import { COOP, startCoopProxy } from '../stage/coop_proxy.mjs';
import { approve, returnToApp, somebody } from '../stage/person.mjs';
import { stage } from '../stage/stage.mjs';
import { startWebsite } from '../stage/website.mjs';

const PATIENCE = 10_000;
const { broker, backend } = await stage();
let chromium;
let websites;

before(async () => {
  const config = { issuer: broker.issuer, clientId: broker.client_id, backend: backend.url };
  websites = {
    popup: await startWebsite({ ...config, web: { mode: 'popup' } }),
    redirect: await startWebsite({ ...config, web: { mode: 'redirect' } }),
    coop: await startWebsite({ ...config, web: { mode: 'popup' } }, COOP),
  };
  const origins = Object.values(websites).map(({ origin }) => origin);
  await broker.admin('PATCH', `clients/${broker.client_id}`, { web_origins: origins });
  await broker.admin('POST', 'redirect_urls', { url: 'http://127.0.0.1/callback' });
  chromium = await startChromium();
});
after(async () => {
  for (const website of Object.values(websites)) website.stop();
  await chromium.close();
});

async function open({ origin }, options = {}) {
  const context = await chromium.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error));
  await page.goto(origin);
  return { context, page, complaints };
}

async function popupOf(page, button) {
  const [popup] = await Promise.all([page.context().waitForEvent('page'), page.getByTestId(button).click()]);
  popup.setDefaultTimeout(PATIENCE);
  return popup;
}

async function throughPopup(page, email, button = 'sign-in-google') {
  const popup = await popupOf(page, button);
  const closed = popup.waitForEvent('close', { timeout: PATIENCE });
  await approve(popup, email);
  await returnToApp(popup);
  await closed;
}

const shown = (page, testId, text) => page.getByTestId(testId).filter({ hasText: text }).waitFor();
const stored = (page) => page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));

describe('popup', () => {
  test('the popup reports back and closes itself; nothing stays in the browser\'s storage', async () => {
    const { page, complaints } = await open(websites.popup);
    const email = somebody();
    await throughPopup(page, email);
    await shown(page, 'email', email);
    assert.equal(await stored(page), '[{},{}]');
    assert.deepEqual(complaints, []);
  });

  test('who closes it is where they were, without an error', async () => {
    const { page } = await open(websites.popup);
    const popup = await popupOf(page, 'sign-in-google');
    await popup.waitForURL(/simulator/);
    await popup.close();
    await page.getByTestId('sign-in-google').and(page.locator(':not([aria-disabled=true])')).waitFor();
    assert.equal(await page.getByTestId('error').count(), 0);
  });

  test('who refuses at the provider reads it in the app, and the popup is gone', async () => {
    const { page } = await open(websites.popup);
    const popup = await popupOf(page, 'sign-in-google');
    const closed = popup.waitForEvent('close', { timeout: PATIENCE });
    await approve(popup, '', { outcome: 'deny' });
    await shown(page, 'error', 'access_denied');
    await closed;
  });

  test('a browser that blocks popups is led through the sign-in in the page itself', async () => {
    const { context, page } = await open(websites.popup);
    await context.addInitScript(() => { window.open = () => null; });
    await page.reload();
    const email = somebody();
    await page.getByTestId('sign-in-google').click();
    await approve(page, email);
    await returnToApp(page);
    await shown(page, 'email', email);
  });
});

describe('redirect', () => {
  test('the page leaves and comes back signed in, with a clean address, and stays so over a reload', async () => {
    const { page, complaints } = await open(websites.redirect);
    const email = somebody();
    await page.getByTestId('sign-in-google').click();
    await approve(page, email);
    await returnToApp(page);
    await shown(page, 'email', email);
    assert.equal(page.url(), `${websites.redirect.origin}/callback`);
    await page.reload();
    await shown(page, 'email', email);
    assert.deepEqual(complaints, []);
  });

  test('who refuses is back in the app, signed out', async () => {
    const { page } = await open(websites.redirect);
    await page.getByTestId('sign-in-google').click();
    await approve(page, '', { outcome: 'deny' });
    await shown(page, 'status', 'Signed out');
    assert.equal(page.url(), `${websites.redirect.origin}/callback`);
  });

  test('a provider is connected by the same way', async () => {
    const { page } = await open(websites.redirect);
    const email = somebody();
    await page.getByTestId('sign-in-google').click();
    await approve(page, email);
    await returnToApp(page);
    await page.getByTestId('connect-github').click();
    await approve(page, email);
    await returnToApp(page);
    await shown(page, 'account-github', 'github');
    await shown(page, 'email', email);
  });
});

describe('Cross-Origin-Opener-Policy on every page of the app, the broker and the provider', () => {
  test('the popup looks closed while a slow person is still typing, and yet reports back and closes itself', async () => {
    const proxy = await startCoopProxy();
    const { context, page } = await open(websites.coop, { proxy: { server: proxy.address, bypass: '<-loopback>' } });
    await context.addInitScript(() => {
      const { open } = window;
      window.open = (...how) => { window.opened = open.call(window, ...how); return window.opened; };
    });
    await page.reload();
    const popup = await popupOf(page, 'sign-in-google');
    const closed = popup.waitForEvent('close', { timeout: PATIENCE });
    await page.waitForFunction(() => window.opened.closed, null, { timeout: PATIENCE });
    await page.waitForTimeout(2_500);
    const email = somebody();
    await approve(popup, email);
    await returnToApp(popup);
    await shown(page, 'email', email);
    await closed;
    proxy.stop();
  });
});

describe('a signed-in person', () => {
  test('connects an account, gives more scopes, sees data of the provider\'s API, disconnects, and signs out', async () => {
    const { page, complaints } = await open(websites.popup);
    const email = somebody();
    await throughPopup(page, email);
    await shown(page, 'account-google', 'google');
    await throughPopup(page, email, 'connect-github');
    await shown(page, 'account-github', 'github');
    await throughPopup(page, email, 'more-scopes');
    await shown(page, 'scopes-google', 'calendar.readonly');
    await page.getByTestId('load-data').click();
    await shown(page, 'data', email);
    await page.getByTestId('disconnect-github').click();
    await page.getByTestId('account-github').waitFor({ state: 'detached' });
    await page.getByTestId('disconnect-google').click();
    await shown(page, 'accounts-error', 'last account');
    await page.getByTestId('sign-out').click();
    await shown(page, 'status', 'Signed out');
    assert.deepEqual(complaints, []);
  });

  test('chooses the provider on the broker\'s own page', async () => {
    const { page } = await open(websites.popup);
    const popup = await popupOf(page, 'sign-in');
    const email = somebody();
    await popup.locator('a[href*="provider=github"]').click();
    await approve(popup, email);
    await returnToApp(popup);
    await shown(page, 'email', email);
  });
});

describe('without our SDK', () => {
  test('stock expo-auth-session signs in, refreshes, asks who it is, and revokes', async () => {
    const { page, complaints } = await open(websites.popup);
    const email = somebody();
    await throughPopup(page, email, 'stock-sign-in');
    await shown(page, 'stock-told', `${email} came and went`);
    assert.deepEqual(complaints, []);
  });
});
