// What a signed-in person's app does, end to end: the session in good and bad networks, accounts, the app's own backend.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { signsInAs, somebody } from '../stage/person.mjs';
import { phones } from '../stage/phones.mjs';
import { startProxy } from '../stage/proxy.mjs';
import { stage } from '../stage/stage.mjs';

const CALENDAR = 'https://www.googleapis.com/auth/calendar.readonly';
const { broker, backend } = await stage();
const { phone, signedIn } = phones(broker);
let network;

before(async () => { network = await startProxy(broker.issuer); });
after(() => network.stop());

describe('the session', () => {
  test('ten who want a new token at once are one refresh', async () => {
    const { app } = await signedIn(somebody(), { fetch: network.fetch });
    const before = network.refreshes();
    const tokens = await Promise.all(Array.from({ length: 10 }, () => app.getAccessToken({ forceRefresh: true })));
    assert.equal(network.refreshes() - before, 1);
    assert.equal(new Set(tokens).size, 1);
  });

  test('a refresh whose answer was lost is recovered, and the session goes on', async () => {
    const { app, device, email } = await signedIn(somebody(), { fetch: network.fetch });
    const before = network.refreshes();
    network.loseRefreshAnswers(1);
    await app.getAccessToken({ forceRefresh: true });
    assert.equal(network.refreshes() - before, 2);
    await app.getAccessToken({ forceRefresh: true });
    app.close();
    assert.equal((await device.startApp()).getSnapshot().user.email, email);
  });

  test('in a network that takes six seconds for an answer the session goes on', async () => {
    const { app } = await signedIn(somebody(), { fetch: network.fetch });
    const before = network.refreshes();
    network.slowDown(6_000);
    await app.getAccessToken({ forceRefresh: true });
    network.slowDown(0);
    assert.equal(network.refreshes() - before, 2);
    assert.equal(app.getSnapshot().offline, false);
    await app.getAccessToken({ forceRefresh: true });
  });

  test('without a network nobody is signed out, and a token that still lives is handed out', async () => {
    const air = { plane: false };
    const fetch = (url, init) => (air.plane ? Promise.reject(new TypeError('offline')) : globalThis.fetch(url, init));
    const { app } = await signedIn(somebody(), { fetch });
    const token = await app.getAccessToken();
    air.plane = true;
    await assert.rejects(app.getAccessToken({ forceRefresh: true }), { code: 'network' });
    assert.deepEqual([app.getSnapshot().status, app.getSnapshot().offline], ['signedIn', true]);
    assert.equal(await app.getAccessToken({ minTtl: 3_600 }), token);
    air.plane = false;
    app.wake();
    await until(() => app.getSnapshot().offline === false);
  });

  test('a session that an admin ended signs out at the next refresh, and says that it was ended', async () => {
    const { app } = await signedIn();
    const { id } = app.getSnapshot().user;
    const [session] = await broker.admin('GET', `sessions?user_id=${id}`);
    await broker.admin('POST', `sessions/${session.id}/revoke`);
    await assert.rejects(app.getAccessToken({ forceRefresh: true }), { code: 'session_expired' });
    assert.deepEqual(app.getSnapshot(), { status: 'signedOut', user: null, reason: 'ended' });
  });

  test('signing out ends the session at the broker, and forgets it on the device', async () => {
    const { app, device } = await signedIn();
    const { refreshToken } = JSON.parse(await device.storage.get(`sso.${broker.client_id}.session`));
    await app.signOut();
    assert.equal(await device.storage.get(`sso.${broker.client_id}.session`), null);
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: broker.client_id };
    const answer = await fetch(`${broker.issuer}/token`, { method: 'POST', body: new URLSearchParams(form) });
    assert.equal((await answer.json()).error, 'invalid_grant');
    await assert.rejects(app.getAccessToken(), { code: 'not_signed_in' });
  });

  test('signing out without a network is done at once, and the broker hears of it at the next start', async () => {
    const air = { plane: false };
    const fetch = (url, init) => (air.plane ? Promise.reject(new TypeError('offline')) : globalThis.fetch(url, init));
    const { app, device } = await signedIn(somebody(), { fetch });
    const { id } = app.getSnapshot().user;
    air.plane = true;
    await app.signOut();
    assert.equal(app.getSnapshot().status, 'signedOut');
    app.close();
    assert.equal((await broker.admin('GET', `sessions?user_id=${id}`)).length, 1);
    await device.startApp();
    assert.deepEqual(await broker.admin('GET', `sessions?user_id=${id}`), []);
  });

  test('signing out everywhere ends the person\'s other sessions', async () => {
    const { app, email } = await signedIn();
    const other = await signedIn(email);
    await app.signOut({ everywhere: true });
    await assert.rejects(other.app.getAccessToken({ forceRefresh: true }), { code: 'session_expired' });
  });
});

describe('accounts', () => {
  test('a second provider is connected to the same person, in the same session', async () => {
    const { app } = await signedIn();
    const sessions = await broker.admin('GET', `sessions?user_id=${app.getSnapshot().user.id}`);
    const connection = await app.connect('github');
    assert.equal(connection.provider, 'github');
    assert.deepEqual((await app.connections()).map(({ provider }) => provider).sort(), ['github', 'google']);
    assert.deepEqual(await broker.admin('GET', `sessions?user_id=${app.getSnapshot().user.id}`), sessions);
    assert.match(await app.getAccessToken({ forceRefresh: true }), /^ey/);
  });

  test('more scopes are asked for by connecting again', async () => {
    const { app } = await signedIn();
    const connection = await app.connect('google', { scopes: [CALENDAR] });
    assert.ok(connection.scopes.includes(CALENDAR) && connection.scopes.includes('email'), connection.scopes.join(' '));
    assert.equal((await app.connections()).length, 1);
  });

  test('an account can be given up, but not the last', async () => {
    const { app } = await signedIn();
    const { id } = await app.connect('github');
    await app.disconnect(id);
    const [last, ...others] = await app.connections();
    assert.deepEqual(others, []);
    await assert.rejects(app.disconnect(last.id), { wire: 'last_required_identification_deletion_failed' });
  });

  test('nobody connects anything without being signed in', async () => {
    const app = await (await phone(signsInAs(somebody()))).startApp();
    await assert.rejects(app.connect('github'), { code: 'not_signed_in' });
  });
});

describe('the app\'s own backend', () => {
  test('it knows the person by the session\'s token, and shows data of the provider\'s API', async () => {
    const { app, email } = await signedIn();
    const answer = await app.fetch(`${backend.url}/profile/google`);
    assert.equal(answer.status, 200);
    const told = await answer.json();
    assert.equal(told.user_id, app.getSnapshot().user.id);
    assert.equal(told.data.email, email);
  });

  test('it refuses everybody else, each clearly', async () => {
    const ask = async (path, headers) => {
      const answer = await fetch(`${backend.url}${path}`, { headers });
      return [answer.status, (await answer.json()).error];
    };
    const { app } = await signedIn();
    const mine = { authorization: `Bearer ${await app.getAccessToken()}` };
    assert.deepEqual(await ask('/profile/google', {}), [401, 'not_signed_in']);
    assert.deepEqual(await ask('/profile/google', { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' }), [401, 'not_signed_in']);
    assert.deepEqual(await ask('/profile/myspace', mine), [404, 'unknown_provider']);
    const [google] = await app.connections();
    await broker.admin('DELETE', `users/${app.getSnapshot().user.id}/external_accounts/${google.id}/tokens`);
    assert.deepEqual(await ask('/profile/google', mine), [409, 'reconnect']);
  });
});

async function until(holds) {
  for (let attempt = 0; attempt < 100 && !holds(); attempt += 1) await new Promise((resolve) => { setTimeout(resolve, 50); });
  assert.ok(holds());
}
