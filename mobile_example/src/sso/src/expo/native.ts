// iOS and Android: the system browser, links, and the app coming to the front.
import * as Linking from 'expo-linking';
import * as WebBrowser from 'expo-web-browser';
import { AppState, Platform as Device } from 'react-native';

import { SSOError } from '../core/errors.js';
import type { Browser, Ending, Links } from '../core/platform.js';

/** ASWebAuthenticationSession, or a Custom Tab. `ephemeral`: no cookies of earlier sign-ins, and no question for leave. */
export function systemBrowser(ephemeral: boolean): Browser {
  return {
    prepare: () => ({
      visit: async (url, redirectUri) =>
        ended(await WebBrowser.openAuthSessionAsync(url, redirectUri, { preferEphemeralSession: ephemeral })),
      close: dismiss,
    }),
  };
}

function ended(result: WebBrowser.WebBrowserAuthSessionResult): Ending {
  if (result.type === 'success' && 'url' in result) return { type: 'returned', url: result.url };
  if (result.type === WebBrowser.WebBrowserResultType.LOCKED) throw new SSOError('locked');
  // Android says `dismiss` also when the app came to the front before its link did.
  return { type: 'closed', sure: result.type === WebBrowser.WebBrowserResultType.CANCEL };
}

// Android has no such call; there the tab closes by itself.
function dismiss(): void {
  if (Device.OS === 'ios') WebBrowser.dismissAuthSession();
}

export const deviceLinks: Links = {
  initial: () => Linking.getInitialURL(),
  subscribe: (listener) => {
    const subscription = Linking.addEventListener('url', ({ url }) => void listener(url));
    return () => subscription.remove();
  },
  settle: async () => undefined,
};

export function onForeground(wake: () => void): () => void {
  const subscription = AppState.addEventListener('change', (state) => {
    if (state === 'active') wake();
  });
  return () => subscription.remove();
}
