import { useCallback, useState } from 'react';

import { SSOError } from '../core/errors.js';

export interface Attempts {
  readonly pending: boolean;
  /** Of the last attempt, until the next. */
  readonly error: SSOError | null;
  attempt<T>(act: () => Promise<T>): Promise<T | null>;
}

/** For buttons: a failure becomes `error` instead of a rejection that nobody handles. */
export function useAttempt(): Attempts {
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<SSOError | null>(null);
  const attempt = useCallback(async <T>(act: () => Promise<T>): Promise<T | null> => {
    setPending(true);
    setError(null);
    try {
      return await act();
    } catch (failure) {
      if (!(failure instanceof SSOError)) throw failure;
      setError(failure);
      return null;
    } finally {
      setPending(false);
    }
  }, []);
  return { pending, error, attempt };
}
