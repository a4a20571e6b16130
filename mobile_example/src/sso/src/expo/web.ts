// A web page: a popup that reports back over a BroadcastChannel, or the page itself leaving and coming back.
//
// Not `window.opener`: a provider or the app may send Cross-Origin-Opener-Policy, which cuts that tie, and makes a popup that
// is open look closed.
import { isRedirect, stateOf } from '../core/callback.js';
import { SSOError } from '../core/errors.js';
import { inTurns } from '../core/turns.js';
import type { Browser, Clock, Links, Platform, Tab } from '../core/platform.js';

const PATIENCE = 1_000; // milliseconds for another window to say that a way back is its own

type Message = { readonly url: string } | { readonly taken: string };

export function popupBrowser(clock: Clock): Browser {
  return {
    prepare: (purpose) => {
      const popup = window.open('about:blank', '', 'popup,width=480,height=720');
      if (popup !== null) return popupTab(popup, clock);
      // Whoever leaves the page loses the session that it holds in memory.
      if (purpose === 'connect') throw new SSOError('popup_blocked');
      return leavingTab;
    },
  };
}

export const leavingBrowser: Browser = { prepare: () => leavingTab };

const leavingTab: Tab = {
  visit: (url) => {
    location.assign(url);
    return new Promise(() => {});
  },
  close: () => undefined,
};

function popupTab(popup: Window, clock: Clock): Tab {
  const done = new AbortController();
  return {
    visit: async (url) => {
      popup.location.href = url;
      await closedByThePerson(popup, clock, done.signal);
      return { type: 'closed', sure: false };
    },
    close: () => {
      done.abort();
      popup.close();
    },
  };
}

/** `closed` alone is no proof (see above); it is one while the person is looking at this page. */
async function closedByThePerson(popup: Window, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let seen = 0; seen < 3 && !signal.aborted; seen = popup.closed && document.hasFocus() ? seen + 1 : 0) {
    await clock.sleep(500, signal);
  }
}

/** Among the windows of one app. A way back that lands in a popup is passed on to the window that waits for it. */
export function pageLinks(channelName: string, redirectUri: string, clock: Clock): Links {
  return {
    initial: async () => (isRedirect(location.href, redirectUri) && stateOf(location.href) !== null ? location.href : null),
    subscribe: (listener) => listenOn(channelName, listener),
    settle: async (url, ours) => {
      if (ours) cleanAddress();
      else if (await takenElsewhere(channelName, url, clock)) window.close();
    },
  };
}

function listenOn(channelName: string, listener: (url: string) => Promise<boolean>): () => void {
  const channel = new BroadcastChannel(channelName);
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (!('url' in data)) return;
    const { url } = data;
    void listener(url).then((ours) => { if (ours) channel.postMessage({ taken: url }); });
  };
  return () => channel.close();
}

async function takenElsewhere(channelName: string, url: string, clock: Clock): Promise<boolean> {
  const channel = new BroadcastChannel(channelName);
  const taken = new Promise<boolean>((resolve) => {
    channel.onmessage = ({ data }: MessageEvent<Message>) => { if ('taken' in data && data.taken === url) resolve(true); };
  });
  channel.postMessage({ url });
  const found = await Promise.race([taken, clock.sleep(PATIENCE).then(() => false)]);
  channel.close();
  return found;
}

/** The code is used: a reload must not show it again, nor the history keep it. */
function cleanAddress(): void {
  history.replaceState(null, '', location.pathname);
}

export function onReturn(wake: () => void): () => void {
  const whenSeen = (): void => { if (document.visibilityState === 'visible') wake(); };
  document.addEventListener('visibilitychange', whenSeen);
  window.addEventListener('online', wake);
  return () => {
    document.removeEventListener('visibilitychange', whenSeen);
    window.removeEventListener('online', wake);
  };
}

/** Windows that share a storage take turns; where the browser has no locks, each takes its own. */
export function acrossWindows(): Platform['exclusive'] {
  if (!('locks' in navigator)) return inTurns();
  return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const turn: { result?: T } = {};
    await navigator.locks.request(name, async () => { turn.result = await work(); });
    return turn.result as T;
  };
}
