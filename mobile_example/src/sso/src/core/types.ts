// What an app sees.

export interface User {
  readonly id: string;
  /** The name, else what the person is called at the provider, else the address, else nothing. */
  readonly name: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly picture?: string;
}

export interface Session {
  readonly user: User;
  readonly scopes: readonly string[];
}

// `user` in every member, or destructuring does not type-check.
export type Snapshot =
  | { readonly status: 'loading'; readonly user: null }
  | { readonly status: 'signedOut'; readonly user: null; readonly reason?: 'ended' }
  | ({ readonly status: 'signedIn'; readonly offline: boolean } & Session);

/** An account at a provider that the user has connected. */
export interface Connection {
  readonly id: string;
  readonly provider: string;
  readonly name: string;
  readonly email?: string;
  readonly scopes: readonly string[];
  /** `fresh` or `stale`: nothing to do. Otherwise `connect` the provider again, or open `reconnectUrl`. */
  readonly health: string;
  readonly reconnectUrl?: string;
}

export interface SignInOptions {
  /** Without it the broker asks which. */
  readonly provider?: string;
  /** More of the provider's own scopes. */
  readonly scopes?: readonly string[];
  readonly loginHint?: string;
  readonly prompt?: 'login' | 'consent' | 'select_account';
  readonly signal?: AbortSignal;
}

export interface ConnectOptions {
  readonly scopes?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface TokenOptions {
  /** Seconds that the token must live yet. */
  readonly minTtl?: number;
  readonly forceRefresh?: boolean;
}

export interface SSOClient {
  /** The address that must stand on the broker's allowlist. */
  readonly redirectUri: string;
  /** Null: the person closed it. */
  signIn(options?: SignInOptions): Promise<Session | null>;
  /** Adds an account, or more scopes to one. Null: the person closed it. */
  connect(provider: string, options?: ConnectOptions): Promise<Connection | null>;
  connections(): Promise<Connection[]>;
  /** Rejects with `login_required` unless the sign-in was a few minutes ago. */
  disconnect(id: string): Promise<void>;
  getAccessToken(options?: TokenOptions): Promise<string>;
  /** `fetch` with the access token, and once again after a 401. For your own backend only: it gets the token. */
  fetch(url: string, init?: RequestInit): Promise<Response>;
  /** Here at once, even offline. `everywhere` ends the user's other sessions too, and needs the network. */
  signOut(options?: { readonly everywhere?: boolean }): Promise<void>;
  /** True: the link was a sign-in's way back and is dealt with. */
  handleRedirect(url: string): Promise<boolean>;
  subscribe(listener: () => void): () => void;
  getSnapshot(): Snapshot;
  /** Stops listening and waiting. */
  close(): void;
}

export type SSOEvent =
  | { readonly type: 'signed_in' | 'refreshed' | 'signed_out' | 'session_ended' | 'offline' }
  | { readonly type: 'failed'; readonly error: unknown };
