import { Platform } from 'react-native';

/** Where the app's broker and backend are. */
export interface Config {
  readonly issuer: string;
  readonly clientId: string;
  readonly backend: string;
  /** The web version alone. */
  readonly web: { readonly mode: 'popup' | 'redirect' };
}

const DEFAULTS: Config = {
  issuer: process.env.EXPO_PUBLIC_ISSUER ?? 'http://127.0.0.1:8080',
  clientId: process.env.EXPO_PUBLIC_CLIENT_ID ?? 'default',
  backend: process.env.EXPO_PUBLIC_BACKEND ?? 'http://127.0.0.1:8090',
  web: { mode: 'popup' },
};

// The web version reads it at run time: `EXPO_PUBLIC_*` is written into the bundle, and one bundle serves every place.
export async function readConfig(): Promise<Config> {
  if (Platform.OS !== 'web') return DEFAULTS;
  const answer = await fetch('/config.json').catch(() => null);
  return answer?.ok === true ? { ...DEFAULTS, ...(await answer.json() as Partial<Config>) } : DEFAULTS;
}
