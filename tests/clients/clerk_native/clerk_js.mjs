// `@clerk/clerk-js` as published, its build for React Native, with the two hooks that `@clerk/expo` sets: the client token
// bare in a header, `_is_native=1`. The trip through the browser is made by the browser of ../node.
import { createRequire } from 'node:module';

import { openAuthSession } from '../node/browser.mjs';
import { check, run } from '../node/program.mjs';
import { Keychain, refusal } from './device.mjs';

globalThis.window = globalThis; // as React Native has it

const require = createRequire(import.meta.url);
const { Clerk } = require('./node_modules/@clerk/clerk-js/dist/clerk.native.js');

await run((trip) => ({ sign_in: signIn, sign_up: signUp, connect, refused })[trip.mode](trip));
process.exit(); // the SDK keeps timers

async function signIn(trip) {
  const { clerk, keychain } = await start(trip);
  const { signIn: attempt } = clerk.client;
  await attempt.create({ strategy: trip.strategy, redirectUrl: trip.redirect_uri });
  const before = keychain.current;
  await comeBack(attempt, attempt.firstFactorVerification, trip);
  check(attempt.status === 'complete', `the sign-in is ${attempt.status}`);
  await clerk.setActive({ session: attempt.createdSessionId });
  const token = await clerk.session.getToken();
  const again = await clerk.session.getToken({ skipCache: true });
  const told = {
    token,
    fresh: token !== again,
    rotated: before !== keychain.current,
    user_id: clerk.user.id,
    session_id: clerk.session.id,
    email: clerk.user.primaryEmailAddress.emailAddress,
    accounts: clerk.user.externalAccounts.map(({ provider }) => provider),
  };
  const left = clerk.session;
  await clerk.signOut();
  return { ...told, signed_out: !clerk.session && clerk.client.sessions.length === 0, after: await refusal(left.touch()) };
}

async function signUp(trip) {
  const { clerk } = await start(trip);
  const { signUp: attempt } = clerk.client;
  await attempt.create({ strategy: trip.strategy, redirectUrl: trip.redirect_uri });
  await comeBack(attempt, attempt.verifications.externalAccount, trip);
  await clerk.client.signIn.create({ transfer: true });
  check(clerk.client.sessions.length === 1, 'one session');
  return { status: attempt.status, session_id: attempt.createdSessionId, user_id: attempt.createdUserId };
}

async function connect(trip) {
  const { clerk } = await start(trip);
  const { signIn: attempt } = clerk.client;
  await attempt.create({ strategy: trip.strategy, redirectUrl: trip.redirect_uri });
  await comeBack(attempt, attempt.firstFactorVerification, trip);
  await clerk.setActive({ session: attempt.createdSessionId });
  const { user } = clerk;
  const asked = { strategy: trip.other, redirectUrl: trip.redirect_uri, additionalScopes: trip.scopes };
  const account = await user.createExternalAccount(asked);
  await comeBack(user, account.verification, trip);
  const [, added] = user.externalAccounts;
  const more = await added.reauthorize({ redirectUrl: trip.redirect_uri, additionalScopes: trip.more_scopes });
  await comeBack(user, more.verification, trip);
  const connected = user.externalAccounts.map(({ provider, approvedScopes }) => [provider, approvedScopes]);
  await user.externalAccounts[1].destroy();
  await user.reload();
  return { connected, left: user.externalAccounts.length };
}

async function refused(trip) {
  const { clerk } = await start(trip);
  const { signIn: attempt } = clerk.client;
  const { strategy, redirect_uri: redirectUrl } = trip;
  const unlisted = await refusal(attempt.create({ strategy, redirectUrl: `${redirectUrl}/unlisted` }));
  const unknown = await refusal(attempt.create({ strategy: 'oauth_nowhere', redirectUrl }));
  const native = await refusal(attempt.create({ strategy: 'oauth_token_apple', token: 'e30.e30.e30' }));
  return { unlisted, unknown, native };
}

async function start({ proxy_url: proxyUrl, publishable_key: key }) {
  const keychain = new Keychain();
  const clerk = new Clerk(key, { proxyUrl });
  clerk.__internal_onBeforeRequest(async (request) => {
    request.credentials = 'omit';
    request.url.searchParams.append('_is_native', '1');
    request.headers.set('authorization', keychain.current);
  });
  clerk.__internal_onAfterResponse(async (_, response) => keychain.keep(response.headers.get('authorization')));
  await clerk.load({ standardBrowser: false, telemetry: false });
  return { clerk, keychain };
}

// The system browser, and what the app does with the link that it comes back by.
async function comeBack(resource, { externalVerificationRedirectURL: url }, { redirect_uri: redirectUri }) {
  const link = await openAuthSession(url.toString(), redirectUri);
  await resource.reload({ rotatingTokenNonce: new URL(link).searchParams.get('rotating_token_nonce') });
}
