// A window inside the app in place of the system's browser. The same PKCE trip; the redirect is caught before it is followed.
import { isRedirect } from '../core/callback.js';
import type { Browser, Ending } from '../core/platform.js';

export interface Visit {
  readonly url: string;
  /** Every address that the window is about to load. False: do not load it. */
  allow(url: string): boolean;
  /** The person closed the window. */
  dismiss(): void;
}

export interface WebViewBrowser extends Browser {
  subscribe(listener: () => void): () => void;
  /** What the window shall show; null: no window. */
  current(): Visit | null;
}

export function webviewBrowser(): WebViewBrowser {
  const listeners = new Set<() => void>();
  let visit: Visit | null = null;
  const show = (next: Visit | null): void => {
    visit = next;
    for (const listener of listeners) listener();
  };
  return {
    prepare: () => ({
      visit: (url, redirectUri) => new Promise<Ending>((end) => show(visitTo(url, redirectUri, end))),
      close: () => show(null),
    }),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    current: () => visit,
  };
}

function visitTo(url: string, redirectUri: string, end: (ending: Ending) => void): Visit {
  return {
    url,
    allow: (next) => {
      if (!isRedirect(next, redirectUri)) return /^(https?:|about:)/.test(next);
      end({ type: 'returned', url: next });
      return false;
    },
    dismiss: () => end({ type: 'closed', sure: true }),
  };
}
