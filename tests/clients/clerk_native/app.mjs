// An app as Clerk's documentation has it: its provider around the screen, its hooks in it, its token cache. Nothing here knows
// of the broker but `proxyUrl`.
import { ClerkProvider, useAuth, useOAuth, useSSO, useUser } from '@clerk/expo';
import { useSignInWithApple } from '@clerk/expo/apple';
import { useSSO as useNextSSO } from '@clerk/expo/experimental';
import { useSignInWithGoogle } from '@clerk/expo/google';
import { useHostedAuth } from '@clerk/expo/hosted-auth';
import { tokenCache } from '@clerk/expo/token-cache';
import { createElement } from 'react';
import { create } from 'react-test-renderer';

export async function open({ proxy_url: proxyUrl, publishable_key: publishableKey, strategy }) {
  const shown = {};
  function Screen() {
    Object.assign(shown, {
      auth: useAuth(), user: useUser().user, sso: useSSO(), hosted: useHostedAuth(), apple: useSignInWithApple(),
      google: useSignInWithGoogle(), nextSso: useNextSSO(), oauth: useOAuth({ strategy }),
    });
    return null;
  }
  const app = { publishableKey, proxyUrl, tokenCache, telemetry: false };
  create(createElement(ClerkProvider, app, createElement(Screen)));
  await until(() => shown.auth?.isLoaded);
  return { shown, until };
}

async function until(holds) {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 200) throw new Error('the app never got there');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
