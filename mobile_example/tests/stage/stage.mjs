// What every end-to-end test plays on: a broker, the demo backend, and the app's web version. `run.mjs` sets it up once and
// hands it on in the environment; a test file that is run alone sets up its own.
import { after } from 'node:test';

import { startBackend } from './backend.mjs';
import { startBroker } from './broker.mjs';

export const SCHEME_REDIRECT = 'brokerexample://callback';

export async function setUp() {
  const broker = await startBroker();
  const backend = await startBackend(broker);
  return { broker, backend, stop: async () => { await backend.stop(); await broker.stop(); } };
}

export async function stage() {
  const { broker, backend, stop } = await setUp();
  after(stop);
  return { broker, backend };
}
