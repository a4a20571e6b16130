// The way back into the app (RFC 6749 section 4.1.2, RFC 9207).
import { errorOf, SSOError } from './errors.js';

/** Whether the address is this redirect URI with or without parameters; not merely one that begins like it. */
export function isRedirect(url: string, redirectUri: string): boolean {
  return url.startsWith(redirectUri) && /^($|[?&#])/.test(url.slice(redirectUri.length));
}

// Not `new URL`: what it makes of a private scheme differs from engine to engine.
function parametersOf(url: string): URLSearchParams {
  const query = url.split('#')[0]?.split('?')[1] ?? '';
  return new URLSearchParams(query);
}

/** The state of an answer; null for an address that is none. */
export function stateOf(url: string): string | null {
  const parameters = parametersOf(url);
  return parameters.has('code') || parameters.has('error') ? parameters.get('state') : null;
}

/** The code. Throws SSOError for a refusal, and for an answer of another issuer (mix-up, RFC 9207). */
export function codeOf(url: string, issuer: string): string {
  const parameters = parametersOf(url);
  if (parameters.get('iss') !== issuer) throw new SSOError('issuer_mismatch');
  const wire = parameters.get('error');
  if (wire !== null) {
    const message = parameters.get('error_description') ?? undefined;
    throw errorOf(wire, message, { temporarily_unavailable: 'provider_error' });
  }
  return parameters.get('code') ?? '';
}
