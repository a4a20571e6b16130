// What the app says to the broker's OAuth doors, and what it understands of the answers.
import type { Discovery } from './discovery.js';
import { isRetryable } from './errors.js';
import type { Flow } from './flows.js';
import { encoded, type Http } from './http.js';
import type { Clock, NativeAnswer } from './platform.js';
import { fieldsOf, optionalText, text, words } from './reading.js';
import type { SignInOptions, User } from './types.js';

const ASK_AGAIN_AFTER = 4_000; // milliseconds; well inside the broker's ten seconds of grace

export interface Tokens {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
  /** None: the session had one already, and this answer does not change it. */
  readonly refreshToken: string | undefined;
  readonly scopes: readonly string[];
  /** The account that this exchange connected. */
  readonly accountId: string | undefined;
}

export interface App {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
}

export class Requests {
  readonly #http: Http;
  readonly #discovery: Discovery;
  readonly #clock: Clock;
  readonly #app: App;

  constructor(http: Http, discovery: Discovery, clock: Clock, app: App) {
    this.#http = http;
    this.#discovery = discovery;
    this.#clock = clock;
    this.#app = app;
  }

  async authorizationUrl(flow: Flow, challenge: string, options: SignInOptions): Promise<string> {
    const { authorization } = await this.#discovery.endpoints();
    return `${authorization}?${encoded(this.#authorization(flow, challenge, options))}`;
  }

  /** The one-time link to connect a provider: the access token goes into a header here, and never into a URL. */
  async ticketUrl(flow: Flow, challenge: string, options: SignInOptions, accessToken: string): Promise<string> {
    const { authorization, par } = await this.#discovery.endpoints();
    const form = this.#authorization(flow, challenge, options);
    const pushed = fieldsOf(await this.#http.call(par, { form, accessToken }));
    return `${authorization}?${encoded({ client_id: this.#app.clientId, request_uri: text(pushed, 'request_uri') })}`;
  }

  #authorization(flow: Flow, challenge: string, options: SignInOptions): Record<string, string | undefined> {
    return {
      client_id: this.#app.clientId,
      redirect_uri: this.#app.redirectUri,
      response_type: 'code',
      scope: this.#app.scopes.join(' '),
      state: flow.state,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      provider: options.provider,
      provider_scopes: options.scopes?.join(' '),
      login_hint: options.loginHint,
      prompt: options.prompt,
    };
  }

  exchange(code: string, flow: Flow): Promise<Tokens> {
    const { redirectUri } = this.#app;
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: flow.verifier };
    return this.#token(form);
  }

  /** RFC 8693: the ID token of a provider's SDK, with the challenge whose nonce stands in it. */
  exchangeNative(provider: string, challenge: string, answer: NativeAnswer): Promise<Tokens> {
    return this.#token({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      subject_token: answer.idToken,
      provider,
      challenge,
      scope: this.#app.scopes.join(' '),
      authorization_code: answer.authorizationCode ?? undefined,
      given_name: answer.givenName ?? undefined,
      family_name: answer.familyName ?? undefined,
    });
  }

  async challenge(provider: string, platform: string): Promise<{ challenge: string; nonce: string }> {
    const form = { client_id: this.#app.clientId, provider, platform };
    const told = fieldsOf(await this.#http.call(`${this.#discovery.issuer}/challenge`, { form }));
    return { challenge: text(told, 'challenge'), nonce: text(told, 'nonce') };
  }

  /** A mobile network drops answers, or is slow. The broker gives the same successor to the same token for ten seconds, so
   * the question is put a second time while the first may still be answered, and either answer will do. */
  async refresh(refreshToken: string): Promise<Tokens> {
    const ask = (): Promise<Tokens> => this.#token({ grant_type: 'refresh_token', refresh_token: refreshToken });
    const first = ask();
    const settled = first.then(() => true, (error: unknown) => !isRetryable(error));
    return (await this.#within(ASK_AGAIN_AFTER, settled)) ? first : firstOf(first, ask());
  }

  async #within(milliseconds: number, settled: Promise<boolean>): Promise<boolean> {
    const done = new AbortController();
    const late = this.#clock.sleep(milliseconds, done.signal).then(() => false);
    return Promise.race([settled, late]).finally(() => done.abort());
  }

  async #token(form: Record<string, string | undefined>): Promise<Tokens> {
    const { token } = await this.#discovery.endpoints();
    const all = { ...form, client_id: this.#app.clientId };
    // A code that was refused has not ended a session.
    const instead = form.grant_type === 'refresh_token' ? {} : { invalid_grant: 'access_denied' as const };
    return tokensOf(await this.#http.call(token, { form: all, words: instead }));
  }

  async revoke(refreshToken: string): Promise<void> {
    const { revocation } = await this.#discovery.endpoints();
    const form = { token: refreshToken, token_type_hint: 'refresh_token', client_id: this.#app.clientId };
    await this.#http.call(revocation, { form });
  }

  async whoIs(accessToken: string): Promise<User> {
    const { userinfo } = await this.#discovery.endpoints();
    return userOf(await this.#http.call(userinfo, { accessToken }));
  }
}

function tokensOf(answer: unknown): Tokens {
  const fields = fieldsOf(answer);
  return {
    accessToken: text(fields, 'access_token'),
    expiresIn: Number(fields.expires_in ?? 0),
    refreshToken: optionalText(fields, 'refresh_token'),
    scopes: words(optionalText(fields, 'scope')),
    accountId: optionalText(fields, 'external_account_id'),
  };
}

/** From userinfo's claims, and from what was kept of them. */
export function userOf(claims: unknown): User {
  const fields = fieldsOf(claims);
  const [email, picture] = [optionalText(fields, 'email'), optionalText(fields, 'picture')];
  const called = [optionalText(fields, 'name'), optionalText(fields, 'preferred_username'), email];
  return {
    id: text(fields, 'sub'),
    name: called.find((name) => name !== undefined) ?? '',
    ...(email === undefined ? {} : { email, emailVerified: fields.email_verified === true }),
    ...(picture === undefined ? {} : { picture }),
  };
}

// Promise.any, which not every engine has.
function firstOf<T>(one: Promise<T>, other: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    one.then(resolve, () => other.then(resolve, reject));
    other.then(resolve, () => undefined);
  });
}
