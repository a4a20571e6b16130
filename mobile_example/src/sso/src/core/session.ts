// The session on this device. One refresh at a time; only `invalid_grant` ends it; the network may come and go.
import { isRetryable, SSOError } from './errors.js';
import type { Clock, Platform } from './platform.js';
import type { Requests, Tokens } from './requests.js';
import type { Session, Snapshot, SSOEvent, TokenOptions, User } from './types.js';
import type { Kept, Vault } from './vault.js';

const MIN_TTL = 60; // seconds
const LONGEST_PAUSE = 60_000; // milliseconds between attempts while offline

interface AccessToken {
  readonly text: string;
  readonly expiresAt: number;
}

export class SessionKeeper {
  readonly #platform: Platform;
  readonly #requests: Requests;
  readonly #vault: Vault;
  readonly #lock: string;
  readonly #tell: (event: SSOEvent) => void;
  readonly #listeners = new Set<() => void>();
  readonly #closed = new AbortController();
  #snapshot: Snapshot = { status: 'loading', user: null };
  #kept: Kept | null = null;
  #unsaved = false; // the device refused the last rotation: memory knows better than it
  #access: AccessToken | null = null;
  #refreshing: Promise<string> | undefined;
  #retrying = false;

  constructor(platform: Platform, requests: Requests, vault: Vault, lock: string, tell: (event: SSOEvent) => void) {
    this.#platform = platform;
    this.#requests = requests;
    this.#vault = vault;
    this.#lock = lock;
    this.#tell = tell;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed.abort();
    this.#listeners.clear();
  }

  /** Reads what the device kept; then asks the broker whether it still holds. A device that refuses leaves `loading`, and
   * `wake` tries again: a locked keychain is no sign-out. */
  async load(): Promise<void> {
    const kept = await this.#vault.session();
    if (this.#snapshot.status !== 'loading') return; // a sign-in was quicker
    this.#kept = kept;
    this.#show(kept === null ? { status: 'signedOut', user: null } : signedIn(kept, false));
    if (kept !== null) await this.#greet();
  }

  async wake(): Promise<void> {
    if (this.#snapshot.status === 'loading') return this.load();
    if (this.#snapshot.status === 'signedIn' && (this.#snapshot.offline || !this.#lasts(MIN_TTL))) await this.#refresh();
    await this.flush();
  }

  async begin(tokens: Tokens): Promise<Session> {
    if (tokens.refreshToken === undefined) throw new SSOError('invalid_response', { message: 'no refresh_token came' });
    const before = this.#kept ?? (await this.#vault.session());
    const user = await this.#whoIs(tokens.accessToken);
    const kept = { refreshToken: tokens.refreshToken, scopes: tokens.scopes, user };
    await this.#vault.keep(kept);
    this.#hold(kept, tokens);
    this.#tell({ type: 'signed_in' });
    if (before !== null) await this.#giveBack(before.refreshToken);
    return { user, scopes: kept.scopes };
  }

  /** The same session's new access token, as an exchange that connected an account gives it. */
  adopt(tokens: Tokens): void {
    this.#access = accessOf(tokens, this.#platform.clock);
  }

  async accessToken({ minTtl = MIN_TTL, forceRefresh = false }: TokenOptions = {}): Promise<string> {
    if (this.#kept === null) throw new SSOError('not_signed_in');
    if (!forceRefresh && this.#lasts(minTtl)) return this.#access?.text ?? '';
    try {
      return await this.#refresh();
    } catch (error) {
      if (isRetryable(error) && !forceRefresh && this.#lasts(0)) return this.#access?.text ?? '';
      throw error;
    }
  }

  /** Here at once; the broker hears of it when it can. */
  async end(): Promise<void> {
    const kept = this.#kept;
    if (kept === null) return;
    await this.#drop({ status: 'signedOut', user: null });
    this.#tell({ type: 'signed_out' });
    await this.#giveBack(kept.refreshToken);
  }

  /** Tells the broker of the sign-outs that it has not heard of. */
  async flush(): Promise<void> {
    for (const refreshToken of await this.#vault.unrevoked()) {
      await this.#requests.revoke(refreshToken);
      const left = (await this.#vault.unrevoked()).filter((each) => each !== refreshToken);
      await this.#vault.setUnrevoked(left);
    }
  }

  async #giveBack(refreshToken: string): Promise<void> {
    await this.#vault.setUnrevoked([...(await this.#vault.unrevoked()), refreshToken]);
    await this.flush().catch((error: unknown) => this.#tell({ type: 'failed', error }));
  }

  /** One for all who ask, and one at a time across the windows that share the storage. */
  #refresh(): Promise<string> {
    this.#refreshing ??= this.#platform
      .exclusive(this.#lock, () => this.#rotate())
      .finally(() => { this.#refreshing = undefined; });
    return this.#refreshing;
  }

  async #rotate(): Promise<string> {
    const [begunWith, current] = [this.#kept, await this.#current()];
    const tokens = await this.#requests.refresh(current.refreshToken).catch((error: unknown) => this.#failed(error));
    if (this.#kept !== begunWith || begunWith === null) throw new SSOError('not_signed_in'); // signed out meanwhile
    const kept = { ...begunWith, refreshToken: tokens.refreshToken ?? current.refreshToken };
    await this.#save(kept);
    this.#hold(kept, tokens);
    this.#tell({ type: 'refreshed' });
    return tokens.accessToken;
  }

  /** What another window may have rotated meanwhile. */
  async #current(): Promise<Kept> {
    const current = this.#unsaved ? this.#kept : await this.#vault.session();
    if (current !== null) return current;
    await this.#drop({ status: 'signedOut', user: null, reason: 'ended' });
    throw new SSOError('session_expired');
  }

  /** Before anybody sees the new access token: who is killed after this still has the right refresh token. */
  async #save(kept: Kept): Promise<void> {
    try {
      await this.#vault.keep(kept);
      this.#unsaved = false;
    } catch (error) {
      this.#unsaved = true;
      this.#tell({ type: 'failed', error });
    }
  }

  async #failed(error: unknown): Promise<never> {
    if (error instanceof SSOError && error.wire === 'invalid_grant') {
      await this.#drop({ status: 'signedOut', user: null, reason: 'ended' });
      this.#tell({ type: 'session_ended' });
    } else if (isRetryable(error) && this.#kept !== null) {
      this.#show(signedIn(this.#kept, true));
      this.#tell({ type: 'offline' });
      void this.#keepTrying();
    }
    throw error;
  }

  async #keepTrying(): Promise<void> {
    if (this.#retrying) return;
    this.#retrying = true;
    for (let pause = 2_000; this.#isOffline(); pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      await this.#platform.clock.sleep(pause, this.#closed.signal);
      if (this.#isOffline()) await this.#refresh().catch(() => undefined);
    }
    this.#retrying = false;
  }

  #isOffline(): boolean {
    return !this.#closed.signal.aborted && this.#snapshot.status === 'signedIn' && this.#snapshot.offline;
  }

  async #greet(): Promise<void> {
    const user = await this.#requests.whoIs(await this.#refresh());
    if (this.#kept === null) return;
    const kept = { ...this.#kept, user };
    await this.#save(kept);
    this.#kept = kept;
    this.#show(signedIn(kept, false));
  }

  // The session has begun; a description that does not come now comes with the next start.
  async #whoIs(accessToken: string): Promise<User> {
    const ask = (): Promise<User> => this.#requests.whoIs(accessToken);
    const again = (error: unknown): Promise<User> => (isRetryable(error) ? ask() : Promise.reject(error));
    return ask().catch(again);
  }

  #hold(kept: Kept, tokens: Tokens): void {
    this.#kept = kept;
    this.#access = accessOf(tokens, this.#platform.clock);
    this.#show(signedIn(kept, false));
  }

  async #drop(snapshot: Snapshot): Promise<void> {
    this.#kept = null;
    this.#access = null;
    this.#unsaved = false;
    this.#show(snapshot);
    await this.#vault.forget();
  }

  #lasts(seconds: number): boolean {
    return this.#access !== null && this.#access.expiresAt - this.#platform.clock.now() > seconds * 1_000;
  }

  #show(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) listener();
  }
}

function signedIn({ user, scopes }: Kept, offline: boolean): Snapshot {
  return { status: 'signedIn', user, scopes, offline };
}

function accessOf({ accessToken, expiresIn }: Tokens, clock: Clock): AccessToken {
  return { text: accessToken, expiresAt: clock.now() + expiresIn * 1_000 };
}
