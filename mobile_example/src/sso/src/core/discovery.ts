// The broker's metadata (RFC 8414): asked once, remembered when it was good.
import { SSOError } from './errors.js';
import type { Http } from './http.js';
import { fieldsOf, text } from './reading.js';

export interface Endpoints {
  readonly issuer: string;
  readonly authorization: string;
  readonly token: string;
  readonly revocation: string;
  readonly userinfo: string;
  readonly par: string;
}

export class Discovery {
  readonly #http: Http;
  readonly #issuer: string;
  #known: Promise<Endpoints> | undefined;

  constructor(http: Http, issuer: string) {
    this.#http = http;
    this.#issuer = issuer.replace(/\/$/, '');
  }

  get issuer(): string {
    return this.#issuer;
  }

  endpoints(): Promise<Endpoints> {
    this.#known ??= this.#ask().catch((error: unknown) => {
      this.#known = undefined;
      throw error;
    });
    return this.#known;
  }

  async #ask(): Promise<Endpoints> {
    const told = fieldsOf(await this.#http.call(`${this.#issuer}/.well-known/openid-configuration`));
    if (text(told, 'issuer') !== this.#issuer) {
      throw new SSOError('issuer_mismatch', { message: `${this.#issuer} calls itself ${text(told, 'issuer')}` });
    }
    return {
      issuer: this.#issuer,
      authorization: text(told, 'authorization_endpoint'),
      token: text(told, 'token_endpoint'),
      revocation: text(told, 'revocation_endpoint'),
      userinfo: text(told, 'userinfo_endpoint'),
      par: text(told, 'pushed_authorization_request_endpoint'),
    };
  }
}
