// Calls to the broker. A status is never ignored, a body is never taken for something that it is not.
import { errorOf, SSOError, type SSOErrorCode } from './errors.js';
import type { Clock, Fetch } from './platform.js';
import { fieldsOf, listOf, optionalText, parsed } from './reading.js';

const PATIENCE = 20_000; // milliseconds

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly form?: Readonly<Record<string, string | undefined>>;
  readonly accessToken?: string;
  /** What a word of the broker means in this call, where it means something else than elsewhere. */
  readonly words?: Readonly<Record<string, SSOErrorCode>>;
}

export class Http {
  readonly #fetch: Fetch;
  readonly #clock: Clock;

  constructor(fetch: Fetch, clock: Clock) {
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** The JSON of a good answer; undefined where there is no body. Throws SSOError for everything else. */
  async call(url: string, call: Call = {}): Promise<unknown> {
    const { status, body } = await this.#answer(url, call);
    if (status >= 200 && status < 300) return body === '' ? undefined : parsed(body);
    throw failure(status, parsed(body), call.words);
  }

  // No AbortSignal.timeout: React Native has none. The whole body counts, not only the first byte.
  async #answer(url: string, call: Call): Promise<{ status: number; body: string }> {
    const over = new AbortController();
    const answered = new AbortController();
    const late = this.#clock.sleep(PATIENCE, answered.signal).then(() => {
      if (answered.signal.aborted) return;
      over.abort();
      throw new SSOError('timeout');
    });
    try {
      return await Promise.race([this.#send(url, call, over.signal), late.then(never)]);
    } finally {
      answered.abort();
    }
  }

  async #send(url: string, call: Call, signal: AbortSignal): Promise<{ status: number; body: string }> {
    try {
      const response = await this.#fetch(url, { ...requestOf(call), signal });
      return { status: response.status, body: await response.text() };
    } catch (cause) {
      throw new SSOError('network', { cause });
    }
  }
}

function requestOf({ method = 'GET', form, accessToken }: Call): RequestInit {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (accessToken !== undefined) headers.Authorization = `Bearer ${accessToken}`;
  if (form === undefined) return { method, headers, credentials: 'omit' };
  headers['Content-Type'] = 'application/x-www-form-urlencoded';
  return { method: 'POST', headers, credentials: 'omit', body: encoded(form) };
}

export function encoded(form: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(form).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return new URLSearchParams(pairs).toString();
}

function failure(status: number, body: unknown, instead: Call['words']): SSOError {
  const { wire, message } = complaint(body);
  if (status === 429 || status >= 500) return new SSOError('server', { wire, message: message ?? `HTTP ${status}` });
  if (wire === undefined) return new SSOError('invalid_response', { message: `HTTP ${status} without an error` });
  return errorOf(wire, message, instead);
}

// OAuth doors answer {error, error_description}, /v1 answers {errors: [{code, long_message}]}.
function complaint(body: unknown): { wire: string | undefined; message: string | undefined } {
  if (typeof body !== 'object' || body === null) return { wire: undefined, message: undefined };
  const fields = fieldsOf(body);
  if (Array.isArray(fields.errors)) {
    const first = fieldsOf(listOf(fields.errors)[0] ?? {});
    return { wire: optionalText(first, 'code'), message: optionalText(first, 'long_message') };
  }
  return { wire: optionalText(fields, 'error'), message: optionalText(fields, 'error_description') };
}

const never = (): Promise<never> => new Promise(() => {});
