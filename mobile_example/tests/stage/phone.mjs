// A phone without a screen: what the core borrows from the device, played by node. `Device` is what survives the app.
import { createHash, randomBytes } from 'node:crypto';

import { Client, inTurns, memoryStorage, systemClock } from 'broker-sso/core';

const apps = new Set();

// An app that was left offline would try for ever.
export function closeApps() {
  for (const app of apps) app.close();
}

export class Device {
  storage = memoryStorage();
  #apps = new Set();
  #initialUrl = null;

  constructor({ issuer, clientId, redirectUri, browser, os = 'ios' }) {
    this.config = { issuer, clientId, redirectUri };
    this.browser = browser;
    this.os = os;
  }

  // From now on the app is told that the browser was dismissed, as Android tells it; where the way back led is in `link`.
  loseTheBrowser() {
    const { prepare } = this.browser;
    this.link = new Promise((resolve) => {
      this.browser = {
        prepare: (purpose) => {
          const tab = prepare(purpose);
          return {
            ...tab,
            visit: async (url, redirectUri) => {
              resolve((await tab.visit(url, redirectUri)).url);
              return { type: 'closed', sure: false };
            },
          };
        },
      };
    });
  }

  // A link of the app's scheme: to the running app, or it starts with it.
  openLink(url) {
    if (this.#apps.size === 0) this.#initialUrl = url;
    for (const app of this.#apps) app(url);
  }

  async startApp({ fetch = globalThis.fetch, native, browser = this.browser, clock = systemClock } = {}) {
    const events = [];
    const wakes = new Set();
    const client = new Client({ ...this.config, native, onEvent: (event) => events.push(event) }, {
      os: this.os,
      browser,
      clock,
      fetch,
      crypto: nodeCrypto,
      storage: this.storage,
      flowStorage: this.storage,
      links: this.#links(),
      exclusive: inTurns(),
      onWake: (wake) => { wakes.add(wake); return () => wakes.delete(wake); },
    });
    apps.add(client);
    await client.start();
    return Object.assign(client, { events, wake: () => wakes.forEach((wake) => wake()) });
  }

  #links() {
    const initial = this.#initialUrl;
    return {
      initial: async () => initial,
      settle: async () => undefined,
      subscribe: (listener) => {
        this.#apps.add(listener);
        return () => this.#apps.delete(listener);
      },
    };
  }
}

const nodeCrypto = {
  random: (bytes) => new Uint8Array(randomBytes(bytes)),
  sha256: async (text) => new Uint8Array(createHash('sha256').update(text).digest()),
};

// A provider's SDK as `broker dev` plays it.
export function simulatedSdk({ issuer }, provider, persona) {
  return async ({ nonce }) => {
    const body = new URLSearchParams({ persona, nonce, audience: 'simulated' });
    const answer = await fetch(`${issuer}/simulator/${provider}/native`, { method: 'POST', body });
    const told = await answer.json();
    return {
      idToken: told.id_token,
      authorizationCode: told.authorization_code,
      givenName: told.given_name,
      familyName: told.family_name,
    };
  };
}
