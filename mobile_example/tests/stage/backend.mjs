import { PYTHON, startProcess } from './broker.mjs';

// mobile_example/backend, with a key that can do nothing but read tokens.
export async function startBackend(broker) {
  const { secret } = await broker.admin('POST', 'secret_keys', { name: 'demo backend', scopes: ['tokens:read'] });
  const { ready, stop } = await startProcess(PYTHON, ['mobile_example/backend/app.py'], {
    PORT: '0',
    DEMO_ISSUER: broker.issuer,
    DEMO_SECRET_KEY: secret,
    DEMO_CLIENT_IDS: broker.client_id,
    DEMO_API_GOOGLE: `${broker.issuer}/simulator/google/userinfo`,
    DEMO_WEB_ORIGINS: '*',
  });
  return { url: ready.url, stop };
}
