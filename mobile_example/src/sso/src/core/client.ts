// The client: trips through the browser, and the session that comes of them. It lives outside React, so that a screen that
// is mounted anew loses nothing.
import { Account } from './account.js';
import { codeOf, stateOf } from './callback.js';
import { Discovery } from './discovery.js';
import { isRetryable, SSOError } from './errors.js';
import { type Flow, Flows } from './flows.js';
import { Http } from './http.js';
import type { NativeSignIn, Platform, Purpose, Tab } from './platform.js';
import { Requests } from './requests.js';
import { SessionKeeper } from './session.js';
import type { Connection, ConnectOptions, Session, SignInOptions, Snapshot, SSOClient, SSOEvent, TokenOptions } from './types.js';
import { Vault } from './vault.js';

// Android reports a closed browser and the way back in either order; it has been seen a second late.
const LATE_LINK = 1_500; // milliseconds

export interface ClientConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scopes?: readonly string[];
  /** Providers whose own SDK signs in on this device; `signIn({ provider })` then opens no browser. */
  readonly native?: Readonly<Record<string, NativeSignIn>>;
  readonly onEvent?: (event: SSOEvent) => void;
}

type Outcome =
  | { readonly purpose: 'signIn'; readonly session: Session }
  | { readonly purpose: 'connect'; readonly accountId: string | undefined };

/** The client, not yet awake: `start` reads what the device kept. */
export class Client implements SSOClient {
  readonly redirectUri: string;
  readonly #platform: Platform;
  readonly #native: Readonly<Record<string, NativeSignIn>>;
  readonly #discovery: Discovery;
  readonly #requests: Requests;
  readonly #flows: Flows;
  readonly #session: SessionKeeper;
  readonly #account: Account;
  readonly #tell: (event: SSOEvent) => void;
  readonly #outcomes = new Map<string, Promise<Outcome | null>>();
  readonly #awaited = new Map<string, (outcome: Promise<Outcome | null>) => void>();
  readonly #unsubscribe: (() => void)[] = [];
  #busy = false;

  constructor(config: ClientConfig, platform: Platform) {
    const { clientId, redirectUri, scopes = ['openid', 'profile', 'email', 'offline_access'] } = config;
    const http = new Http(platform.fetch, platform.clock);
    this.redirectUri = redirectUri;
    this.#platform = platform;
    this.#native = config.native ?? {};
    this.#tell = config.onEvent ?? (() => undefined);
    this.#discovery = new Discovery(http, config.issuer);
    this.#requests = new Requests(http, this.#discovery, platform.clock, { clientId, redirectUri, scopes });
    this.#flows = new Flows(platform.flowStorage, `sso.${clientId}.flow`, platform.crypto, platform.clock);
    const vault = new Vault(platform.storage, `sso.${clientId}.`);
    this.#session = new SessionKeeper(platform, this.#requests, vault, `sso.${clientId}`, this.#tell);
    this.#account = new Account(http, this.#discovery.issuer, () => this.getAccessToken());
  }

  /** Once, by who builds the client. Resolves when it is known whether somebody is signed in. */
  async start(): Promise<void> {
    const { links, onWake } = this.#platform;
    this.#unsubscribe.push(links.subscribe((url) => this.#arrive(url)));
    this.#unsubscribe.push(onWake(() => this.#quietly(this.#session.wake())));
    await this.#quietly(this.#finishEarlier());
    await this.#quietly(this.#session.load());
    await this.#quietly(this.#session.flush());
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#session.close();
  }

  subscribe = (listener: () => void): (() => void) => this.#session.subscribe(listener);
  getSnapshot = (): Snapshot => this.#session.snapshot;

  signIn(options: SignInOptions = {}): Promise<Session | null> {
    return this.#alone(async () => {
      const native = this.#native[options.provider ?? ''];
      const session = native === undefined ? undefined : await this.#signInNatively(options.provider ?? '', native);
      return session === undefined ? this.#signInByBrowser(options) : session;
    });
  }

  connect(provider: string, options: ConnectOptions = {}): Promise<Connection | null> {
    const asked = { ...options, provider };
    return this.#alone(async () => {
      const outcome = await this.#travel('connect', asked, async (flow, challenge) =>
        this.#requests.ticketUrl(flow, challenge, asked, await this.getAccessToken()));
      if (outcome?.purpose !== 'connect') return null;
      return (await this.connections()).find(({ id }) => id === outcome.accountId) ?? null;
    });
  }

  connections(): Promise<Connection[]> {
    return this.#account.connections();
  }

  disconnect(id: string): Promise<void> {
    return this.#account.disconnect(id);
  }

  getAccessToken(options?: TokenOptions): Promise<string> {
    return this.#session.accessToken(options);
  }

  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const first = await this.#send(url, init, await this.getAccessToken());
    if (first.status !== 401) return first;
    return this.#send(url, init, await this.getAccessToken({ forceRefresh: true }));
  }

  async signOut({ everywhere = false }: { everywhere?: boolean } = {}): Promise<void> {
    if (everywhere) await this.#account.endOtherSessions();
    await this.#session.end();
  }

  /** The first who brings an answer redeems it; all others get what came of it. */
  async handleRedirect(url: string): Promise<boolean> {
    const state = stateOf(url);
    return state !== null && (await this.#redeemOnce(url, state)) !== null;
  }

  // -- the trip --

  /** One trip at a time: a second browser over the first is an error on every platform, each with its own. */
  async #alone<T>(trip: () => Promise<T>): Promise<T> {
    if (this.#busy) throw new SSOError('locked');
    this.#busy = true;
    try {
      return await trip();
    } finally {
      this.#busy = false;
    }
  }

  async #signInByBrowser(options: SignInOptions): Promise<Session | null> {
    const outcome = await this.#travel('signIn', options, (flow, challenge) =>
      this.#requests.authorizationUrl(flow, challenge, options));
    return outcome?.purpose === 'signIn' ? outcome.session : null;
  }

  /** Reaches the browser without waiting for anything: a popup must open inside the click. */
  async #travel(
    purpose: Purpose,
    { provider, signal }: SignInOptions,
    urlOf: (flow: Flow, challenge: string) => Promise<string>,
  ): Promise<Outcome | null> {
    const tab = this.#platform.browser.prepare(purpose);
    try {
      const flow = await this.#flows.begin(purpose, provider);
      const url = await urlOf(flow, await this.#flows.challengeOf(flow));
      return await this.#wayBack(tab, url, flow.state, signal);
    } finally {
      tab.close();
    }
  }

  /** The browser's own answer, or a link of the system: whichever comes first. */
  async #wayBack(tab: Tab, url: string, state: string, signal?: AbortSignal): Promise<Outcome | null> {
    const link = new Promise<Outcome | null>((resolve) => { this.#awaited.set(state, resolve); });
    try {
      return await Promise.race([link, this.#seeOff(tab, url, state), aborted(signal)]);
    } finally {
      this.#awaited.delete(state);
    }
  }

  async #seeOff(tab: Tab, url: string, state: string): Promise<Outcome | null> {
    const ending = await tab.visit(url, this.redirectUri);
    if (ending.type === 'returned') return this.#redeemReturned(ending.url, state);
    if (!ending.sure) await this.#platform.clock.sleep(LATE_LINK);
    return (await this.#outcomes.get(state)) ?? null;
  }

  #redeemReturned(url: string, state: string): Promise<Outcome | null> {
    if (stateOf(url) !== state) throw new SSOError('state_mismatch');
    return this.#redeemOnce(url, state);
  }

  #redeemOnce(url: string, state: string): Promise<Outcome | null> {
    const known = this.#outcomes.get(state);
    if (known !== undefined) return known;
    const outcome = this.#redeem(url, state);
    this.#outcomes.set(state, outcome);
    outcome.then((found) => found === null && this.#outcomes.delete(state), () => undefined);
    return this.#handOver(state, outcome);
  }

  #handOver(state: string, outcome: Promise<Outcome | null>): Promise<Outcome | null> {
    this.#awaited.get(state)?.(outcome);
    return outcome;
  }

  async #redeem(url: string, state: string): Promise<Outcome | null> {
    const flow = await this.#flows.take(state);
    if (flow === null) return null;
    const tokens = await this.#requests.exchange(codeOf(url, this.#discovery.issuer), flow);
    if (flow.purpose === 'signIn') return { purpose: 'signIn', session: await this.#session.begin(tokens) };
    this.#session.adopt(tokens);
    return { purpose: 'connect', accountId: tokens.accountId };
  }

  // Nobody may be waiting for a link that came late; a refusal is ours too.
  #arrive(url: string): Promise<boolean> {
    return this.handleRedirect(url).catch((error: unknown) => {
      this.#tell({ type: 'failed', error });
      return true;
    });
  }

  // The app was killed while the browser was in front, or this page is a popup's.
  async #finishEarlier(): Promise<void> {
    const { links } = this.#platform;
    const url = await links.initial();
    if (url === null || stateOf(url) === null) return;
    const ours = this.handleRedirect(url);
    await links.settle(url, await ours.catch(() => true)); // a refusal is ours too
    await ours;
  }

  // -- without a browser --

  /** Undefined: the broker has a question that only a page can ask. */
  async #signInNatively(provider: string, native: NativeSignIn): Promise<Session | null | undefined> {
    const { challenge, nonce } = await this.#requests.challenge(provider, this.#platform.os);
    const answer = await native({ nonce });
    if (answer === null) return null;
    try {
      return await this.#session.begin(await this.#requests.exchangeNative(provider, challenge, answer));
    } catch (error) {
      if (error instanceof SSOError && error.wire === 'interaction_required') return undefined;
      throw error;
    }
  }

  #send(url: string, init: RequestInit, accessToken: string): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('Authorization', `Bearer ${accessToken}`);
    return this.#platform.fetch(url, { ...init, headers });
  }

  async #quietly(work: Promise<unknown>): Promise<void> {
    await work.catch((error: unknown) => {
      if (!isRetryable(error)) this.#tell({ type: 'failed', error });
    });
  }
}

function aborted(signal: AbortSignal | undefined): Promise<null> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve(null);
    signal?.addEventListener('abort', () => resolve(null), { once: true });
  });
}
