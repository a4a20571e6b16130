// A sign-in under way: what the app must still know when the browser comes back, even if the app was killed meanwhile.
import { base64url } from './base64url.js';
import { SSOError } from './errors.js';
import type { Clock, Crypto, Purpose, TokenStorage } from './platform.js';
import { fieldsOf, optionalText, parsed, text } from './reading.js';

const LIFETIME = 600_000; // milliseconds; the broker forgets its side then, too

export interface Flow {
  readonly purpose: Purpose;
  readonly state: string;
  readonly verifier: string;
  readonly provider: string | undefined;
  readonly begunAt: number;
}

export class Flows {
  readonly #storage: TokenStorage;
  readonly #key: string;
  readonly #crypto: Crypto;
  readonly #clock: Clock;

  constructor(storage: TokenStorage, key: string, crypto: Crypto, clock: Clock) {
    this.#storage = storage;
    this.#key = key;
    this.#crypto = crypto;
    this.#clock = clock;
  }

  /** A new one in place of the last: one window is open at a time. */
  async begin(purpose: Purpose, provider: string | undefined): Promise<Flow> {
    const [state, verifier] = [this.#secret(), this.#secret()];
    const flow = { purpose, provider, state, verifier, begunAt: this.#clock.now() };
    await this.#storage.set(this.#key, JSON.stringify(flow));
    return flow;
  }

  /** The flow of this state, once; null if there is none or it is too old. */
  async take(state: string): Promise<Flow | null> {
    const flow = read(await this.#storage.get(this.#key));
    if (flow === null || flow.state !== state) return null;
    await this.#storage.remove(this.#key);
    return this.#clock.now() - flow.begunAt < LIFETIME ? flow : null;
  }

  async challengeOf(flow: Flow): Promise<string> {
    return base64url(await this.#crypto.sha256(flow.verifier));
  }

  #secret(): string {
    return base64url(this.#crypto.random(32));
  }
}

function read(stored: string | null): Flow | null {
  try {
    const fields = fieldsOf(parsed(stored ?? ''));
    const purpose = text(fields, 'purpose') === 'connect' ? 'connect' : 'signIn';
    const secrets = { state: text(fields, 'state'), verifier: text(fields, 'verifier') };
    return { purpose, ...secrets, provider: optionalText(fields, 'provider'), begunAt: Number(fields.begunAt) };
  } catch (error) {
    if (error instanceof SSOError) return null;
    throw error;
  }
}
