// Chromium as the phone's system browser, and the person before it.
import { execFileSync } from 'node:child_process';

import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const PATIENCE = 15_000;

export async function startChromium(options = {}) {
  return chromium.launch({ executablePath: found(), headless: true, args: FLAGS, ...options });
}

function found() {
  const search = 'command -v chromium || command -v chromium-browser || command -v google-chrome';
  return execFileSync('sh', ['-c', search], { encoding: 'utf8' }).trim();
}

// openAuthSessionAsync, by a real browser. The way back is caught where the operating system would catch it: a redirect to the
// app's scheme, which Chromium itself can only refuse. `person` presses the buttons.
export function systemBrowser(context, person) {
  return {
    prepare: () => {
      const opened = context.newPage();
      return {
        visit: async (url, redirectUri) => {
          const page = await opened;
          page.setDefaultTimeout(PATIENCE);
          const returned = deepLink(page, redirectUri);
          await page.goto(url);
          const [ending] = await Promise.all([returned, person(page)]);
          return ending;
        },
        close: () => void opened.then((page) => page.close()).catch(() => undefined),
      };
    },
  };
}

function deepLink(page, redirectUri) {
  return new Promise((resolve, reject) => {
    page.on('response', (response) => {
      const location = response.headers().location;
      if (location?.startsWith(redirectUri)) resolve({ type: 'returned', url: location });
    });
    page.on('close', () => resolve({ type: 'closed', sure: true }));
    const late = setTimeout(() => reject(new Error(`no deep link came; the browser is at ${page.url()}`)), PATIENCE);
    late.unref();
  });
}
