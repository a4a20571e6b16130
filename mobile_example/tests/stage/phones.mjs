// Phones whose system browser is Chromium, for a whole test file.
import { after, before } from 'node:test';

import { startChromium, systemBrowser } from './chromium.mjs';
import { signsInAs, somebody } from './person.mjs';
import { closeApps, Device } from './phone.mjs';
import { SCHEME_REDIRECT } from './stage.mjs';

export function phones(broker) {
  let chromium;
  before(async () => { chromium = await startChromium(); });
  after(async () => {
    closeApps();
    await chromium.close();
  });

  async function phone(person, options = {}) {
    const context = await chromium.newContext();
    const app = { issuer: broker.issuer, clientId: broker.client_id, redirectUri: SCHEME_REDIRECT };
    return new Device({ ...app, browser: systemBrowser(context, person), ...options });
  }

  async function signedIn(email = somebody(), options = {}) {
    const device = await phone(signsInAs(email));
    const app = await device.startApp(options);
    await app.signIn({ provider: 'google' });
    return { app, device, email };
  }

  return { phone, signedIn, newContext: (options) => chromium.newContext(options) };
}
