import { useSyncExternalStore } from 'react';

import type { Snapshot, SSOClient } from '../core/types.js';
import { useClient } from './context.js';

/** Who is signed in, and what only they can do. */
export function useSession(): Snapshot & Pick<SSOClient, 'getAccessToken' | 'signOut' | 'fetch'> {
  const client = useClient();
  const snapshot = useSyncExternalStore(client.subscribe, client.getSnapshot, client.getSnapshot);
  return {
    ...snapshot,
    getAccessToken: (options) => client.getAccessToken(options),
    signOut: (options) => client.signOut(options),
    fetch: (url, init) => client.fetch(url, init),
  };
}
