import { Platform } from 'react-native';

import { SSOError } from '../core/errors.js';

interface Asked {
  readonly redirectUri?: string;
  readonly scheme?: string;
  readonly redirectPath?: string;
}

/** Text that the allowlist can hold, character for character. A path always: an origin alone reads two ways. */
export function makeRedirectUri({ redirectUri, scheme, redirectPath = 'callback' }: Asked): string {
  if (redirectUri !== undefined) return redirectUri;
  if (Platform.OS === 'web') return `${location.origin}/${redirectPath}`;
  if (scheme === undefined) throw new SSOError('config', { message: 'createSSO needs scheme or redirectUri' });
  return `${scheme}://${redirectPath}`;
}
