// What the core borrows from the device. Everything that is not arithmetic comes in through here.

/** How a trip through the browser ended. `sure` false: the way back may still arrive as a link (Android). */
export type Ending = { readonly type: 'returned'; readonly url: string } | { readonly type: 'closed'; readonly sure: boolean };

/** One browser window, or what stands for it. */
export interface Tab {
  visit(url: string, redirectUri: string): Promise<Ending>;
  close(): void;
}

export type Purpose = 'signIn' | 'connect';

export interface Browser {
  /** Called inside the person's click, before anything is awaited: only then may a web page open a popup. */
  prepare(purpose: Purpose): Tab;
}

export interface Links {
  /** The link that started the app, if one did. */
  initial(): Promise<string | null>;
  /** Links that arrive while it runs. The listener says whether the link was ours; it never rejects. */
  subscribe(listener: (url: string) => Promise<boolean>): () => void;
  /** The link that started the app was dealt with; or it was not ours, and another window may wait for it. */
  settle(url: string, ours: boolean): Promise<void>;
}

export interface Crypto {
  random(bytes: number): Uint8Array;
  sha256(text: string): Promise<Uint8Array>;
}

/** Keys are letters, digits, `.`, `_` and `-`; values stay below 2,000 bytes. */
export interface TokenStorage {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  remove(key: string): Promise<void>;
}

export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Resolves early when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** A provider's SDK on the device. Null: the person closed it. */
export type NativeSignIn = (ask: { readonly nonce: string }) => Promise<NativeAnswer | null>;

export interface NativeAnswer {
  readonly idToken: string;
  readonly authorizationCode?: string | null | undefined;
  readonly givenName?: string | null | undefined;
  readonly familyName?: string | null | undefined;
}

export interface Platform {
  readonly os: 'ios' | 'android' | 'web';
  readonly browser: Browser;
  readonly links: Links;
  readonly crypto: Crypto;
  /** For the refresh token. */
  readonly storage: TokenStorage;
  /** For a sign-in under way; it must outlive the process on a phone, and the page on the web. */
  readonly flowStorage: TokenStorage;
  readonly clock: Clock;
  readonly fetch: Fetch;
  /** One at a time, across all windows that share the storage. */
  exclusive<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Calls back when the app comes to the front or the network comes back. */
  onWake(wake: () => void): () => void;
}
