import { useCallback, useEffect, useState } from 'react';

import type { SSOError } from '../core/errors.js';
import type { Connection, ConnectOptions } from '../core/types.js';
import { useClient } from './context.js';
import { useAttempt } from './useAttempt.js';
import { useSession } from './useSession.js';

export interface Connections {
  /** Null until they are known. */
  readonly connections: readonly Connection[] | null;
  connect(provider: string, options?: ConnectOptions): Promise<void>;
  disconnect(id: string): Promise<void>;
  reload(): Promise<void>;
  readonly pending: boolean;
  readonly error: SSOError | null;
}

/** The signed-in user's accounts at providers. */
export function useConnections(): Connections {
  const client = useClient();
  const { user } = useSession();
  const [connections, setConnections] = useState<readonly Connection[] | null>(null);
  const { pending, error, attempt } = useAttempt();
  const after = useCallback(async (act: () => Promise<unknown>): Promise<void> => {
    const whose = client.getSnapshot().user?.id;
    await attempt(async () => {
      await act();
      const found = await client.connections();
      if (client.getSnapshot().user?.id === whose) setConnections(found); // not another person's, meanwhile signed in
    });
  }, [attempt, client]);
  const reload = useCallback(() => after(async () => undefined), [after]);
  useEffect(() => {
    setConnections(null);
    if (user !== null) void reload();
  }, [user?.id, reload]);
  return {
    connections,
    connect: (provider, options) => after(() => client.connect(provider, options)),
    disconnect: (id) => after(() => client.disconnect(id)),
    reload,
    pending,
    error,
  };
}
