import { makeRedirectUri } from './redirectUri.js';
import { Client } from '../core/client.js';
import { systemClock } from '../core/clock.js';
import { memoryStorage } from '../core/storage.js';
import { inTurns } from '../core/turns.js';
import type { Browser, Fetch, NativeSignIn, Platform, TokenStorage } from '../core/platform.js';
import type { SSOClient, SSOEvent } from '../core/types.js';
import { Platform as Device } from 'react-native';
import { expoCrypto } from './crypto.js';
import { deviceLinks, onForeground, systemBrowser } from './native.js';
import { secureStorage, tabStorage } from './storage.js';
import { acrossWindows, leavingBrowser, onReturn, pageLinks, popupBrowser } from './web.js';

export interface SSOConfig {
  readonly issuer: string;
  readonly clientId: string;
  /** The app's own URL scheme, as in app.json. On the web its origin stands instead. */
  readonly scheme?: string;
  readonly redirectPath?: string;
  /** In place of scheme and path, such as an https link of the app. */
  readonly redirectUri?: string;
  readonly scopes?: readonly string[];
  readonly storage?: TokenStorage;
  /** `popup` keeps tokens in memory; `redirect` needs no popup, and keeps the refresh token in the tab's storage. */
  readonly web?: { readonly mode: 'popup' | 'redirect' };
  /** No cookies of earlier sign-ins: a shared device, another account each time. */
  readonly ephemeral?: boolean;
  readonly native?: Readonly<Record<string, NativeSignIn>>;
  /** In place of the system's, as `webviewBrowser` of `broker-sso/webview`. */
  readonly browser?: Browser;
  readonly fetch?: Fetch;
  readonly onEvent?: (event: SSOEvent) => void;
}

/** The app's one client. Call it once, outside every component. */
export function createSSO(config: SSOConfig): SSOClient {
  const redirectUri = makeRedirectUri(config);
  const web = Device.OS === 'web';
  const client = new Client({ ...config, redirectUri }, web ? page(config, redirectUri) : device(config));
  if (__DEV__) console.info(`broker-sso: ${redirectUri} must be on the allowlist of ${config.clientId}`);
  void client.start();
  return client;
}

function device({ storage = secureStorage(), ephemeral = false, ...config }: SSOConfig): Platform {
  return {
    os: Device.OS === 'ios' ? 'ios' : 'android',
    browser: config.browser ?? systemBrowser(ephemeral),
    links: deviceLinks,
    crypto: expoCrypto,
    storage,
    flowStorage: secureStorage(),
    clock: systemClock,
    fetch: config.fetch ?? fetch,
    exclusive: inTurns(),
    onWake: onForeground,
  };
}

function page(config: SSOConfig, redirectUri: string): Platform {
  const leaves = config.web?.mode === 'redirect';
  return {
    os: 'web',
    browser: config.browser ?? (leaves ? leavingBrowser : popupBrowser(systemClock)),
    links: pageLinks(`broker-sso.${config.clientId}`, redirectUri, systemClock),
    crypto: expoCrypto,
    storage: config.storage ?? (leaves ? tabStorage() : memoryStorage()),
    flowStorage: tabStorage(),
    clock: systemClock,
    fetch: config.fetch ?? ((url, init) => fetch(url, init)), // a detached fetch refuses to run in a browser
    exclusive: acrossWindows(),
    onWake: onReturn,
  };
}

declare const __DEV__: boolean;
