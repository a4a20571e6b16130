// The signed-in user's own doors: /v1/me.
import type { Http } from './http.js';
import { fieldsOf, listOf, optionalText, text, words } from './reading.js';
import type { Connection } from './types.js';

const MOST = 100;

export class Account {
  readonly #http: Http;
  readonly #door: string;
  readonly #accessToken: () => Promise<string>;

  constructor(http: Http, issuer: string, accessToken: () => Promise<string>) {
    this.#http = http;
    this.#door = `${issuer}/v1/me`;
    this.#accessToken = accessToken;
  }

  async connections(): Promise<Connection[]> {
    const list = await this.#call('GET', `external_accounts?limit=${MOST}`);
    return listOf(list).map(connectionOf);
  }

  async disconnect(id: string): Promise<void> {
    await this.#call('DELETE', `external_accounts/${encodeURIComponent(id)}`);
  }

  async endOtherSessions(): Promise<void> {
    await this.#call('DELETE', 'sessions');
  }

  async #call(method: 'GET' | 'DELETE', path: string): Promise<unknown> {
    return this.#http.call(`${this.#door}/${path}`, { method, accessToken: await this.#accessToken() });
  }
}

function connectionOf(told: unknown): Connection {
  const fields = fieldsOf(told);
  const [email, reconnectUrl] = [optionalText(fields, 'email_address'), optionalText(fields, 'reconnect_url')];
  const whole = [optionalText(fields, 'first_name'), optionalText(fields, 'last_name')].filter(Boolean).join(' ');
  return {
    id: text(fields, 'id'),
    provider: text(fields, 'provider').replace(/^oauth_/, ''),
    name: [whole, optionalText(fields, 'username'), email].find(Boolean) ?? '',
    scopes: words(optionalText(fields, 'approved_scopes')),
    health: text(fields, 'health'),
    ...(email === undefined ? {} : { email }),
    ...(reconnectUrl === undefined ? {} : { reconnectUrl }),
  };
}
