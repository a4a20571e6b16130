import * as AppleAuthentication from 'expo-apple-authentication';
import { Platform } from 'react-native';
import { appleSignIn, createSSO, type NativeSignIn, type SSOClient } from 'broker-sso';
import { webviewBrowser } from 'broker-sso/webview';

import appJson from '../app.json';
import type { Config } from './config';
import { simulatedDevice } from './simulatedDevice';

export const webview = webviewBrowser();

export interface Clients {
  /** Through the system's browser, or a provider's own SDK. */
  readonly system: SSOClient;
  /** The same through a window inside the app. */
  readonly inside: SSOClient;
}

export function createClients({ issuer, clientId, web }: Config): Clients {
  const app = { issuer, clientId, scheme: appJson.expo.scheme, web };
  const system = createSSO({ ...app, native: nativeSignIns(issuer) });
  return { system, inside: Platform.OS === 'web' ? system : createSSO({ ...app, browser: webview }) };
}

// Against `broker dev` no real SDK could work: its ID tokens are for the real providers.
function nativeSignIns(issuer: string): Record<string, NativeSignIn> {
  if (Platform.OS === 'web') return {};
  if (issuer.startsWith('http:')) return { google: simulatedDevice(issuer, 'google'), apple: simulatedDevice(issuer, 'apple') };
  return Platform.OS === 'ios' ? { apple: appleSignIn(AppleAuthentication) } : {};
}
