// What is kept on the device: one record a session, with the refresh token as its only secret.
import { SSOError } from './errors.js';
import type { TokenStorage } from './platform.js';
import { fieldsOf, listOf, parsed, text } from './reading.js';
import { userOf } from './requests.js';
import type { Session, User } from './types.js';

const MOST_BYTES = 1_800; // a keychain's value holds some 2,000
const MOST_UNREVOKED = 5;

export interface Kept extends Session {
  readonly refreshToken: string;
}

export class Vault {
  readonly #storage: TokenStorage;
  readonly #prefix: string;

  constructor(storage: TokenStorage, prefix: string) {
    this.#storage = storage;
    this.#prefix = prefix;
  }

  /** Null: nobody is signed in, or what stands there is not readable. Throws SSOError storage if the device refuses. */
  async session(): Promise<Kept | null> {
    const stored = await this.#get('session');
    return stored === null ? null : keptOf(stored);
  }

  async keep(kept: Kept): Promise<void> {
    await this.#set('session', fitting(kept));
  }

  async forget(): Promise<void> {
    await guarded(() => this.#storage.remove(`${this.#prefix}session`));
  }

  /** Refresh tokens that were signed out here, and that the broker has not heard of yet. */
  async unrevoked(): Promise<readonly string[]> {
    const list = parsed((await this.#get('unrevoked')) ?? '[]');
    return Array.isArray(list) ? listOf(list).filter((each): each is string => typeof each === 'string') : [];
  }

  async setUnrevoked(tokens: readonly string[]): Promise<void> {
    if (tokens.length > 0) await this.#set('unrevoked', JSON.stringify(tokens.slice(-MOST_UNREVOKED)));
    else await guarded(() => this.#storage.remove(`${this.#prefix}unrevoked`));
  }

  #get(name: string): Promise<string | null> {
    return guarded(() => this.#storage.get(this.#prefix + name));
  }

  #set(name: string, value: string): Promise<void> {
    return guarded(() => this.#storage.set(this.#prefix + name, value));
  }
}

async function guarded<T>(touch: () => Promise<T>): Promise<T> {
  try {
    return await touch();
  } catch (cause) {
    throw new SSOError('storage', { cause });
  }
}

// The claims as userinfo names them, so that one reader serves both.
function written(kept: Kept, { id, name, email, emailVerified, picture }: User): string {
  const user = { sub: id, name, email, email_verified: emailVerified, picture };
  return JSON.stringify({ refreshToken: kept.refreshToken, scopes: kept.scopes, user });
}

/** A picture may be an address of any length; the person is known without it, and in need without their name. */
function fitting(kept: Kept): string {
  const { id, name, email, emailVerified } = kept.user;
  const attempts = [kept.user, { id, name, ...(email && { email, emailVerified: emailVerified === true }) }, { id, name: '' }];
  const texts = attempts.map((user) => written(kept, user));
  return texts.find((each) => new TextEncoder().encode(each).length <= MOST_BYTES) ?? written(kept, { id, name: '' });
}

function keptOf(stored: string): Kept | null {
  try {
    const fields = fieldsOf(parsed(stored));
    const scopes = listOf(fields.scopes).map(String);
    return { refreshToken: text(fields, 'refreshToken'), scopes, user: userOf(fields.user) };
  } catch {
    return null;
  }
}
