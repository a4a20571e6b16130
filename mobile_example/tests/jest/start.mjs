import { startBroker } from '../stage/broker.mjs';

export default async function start() {
  const broker = await startBroker();
  globalThis.stopBroker = broker.stop;
  process.env.EXPO_PUBLIC_ISSUER = broker.issuer;
  process.env.BROKER_READY = JSON.stringify({ issuer: broker.issuer, clientId: broker.client_id });
}
