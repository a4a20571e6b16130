import { createContext, type ReactNode, useContext } from 'react';

import { SSOError } from '../core/errors.js';
import type { SSOClient } from '../core/types.js';

const Context = createContext<SSOClient | null>(null);

export function SSOProvider({ client, children }: { client: SSOClient; children: ReactNode }): ReactNode {
  return <Context value={client}>{children}</Context>;
}

export function useClient(): SSOClient {
  const client = useContext(Context);
  if (client === null) throw new SSOError('config', { message: 'no SSOProvider around this component' });
  return client;
}
