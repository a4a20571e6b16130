import type { Connection, ConnectOptions, Session, SignInOptions } from '../core/types.js';
import type { SSOError } from '../core/errors.js';
import { useClient } from './context.js';
import { useAttempt } from './useAttempt.js';

export interface SSOActions {
  /** Null: closed, or failed; then `error` says how. */
  signIn(options?: SignInOptions): Promise<Session | null>;
  connect(provider: string, options?: ConnectOptions): Promise<Connection | null>;
  readonly pending: boolean;
  readonly error: SSOError | null;
}

export function useSSO(): SSOActions {
  const client = useClient();
  const { pending, error, attempt } = useAttempt();
  return {
    signIn: (options) => attempt(() => client.signIn(options)),
    connect: (provider, options) => attempt(() => client.connect(provider, options)),
    pending,
    error,
  };
}
