// Providers' own SDKs, as `native` of createSSO. Each takes the SDK's module, so an app without it need not install it.
import type { NativeAnswer, NativeSignIn } from '../core/platform.js';

/** What is used of expo-apple-authentication. */
interface AppleAuthentication {
  readonly AppleAuthenticationScope: { readonly FULL_NAME: number; readonly EMAIL: number };
  signInAsync(options: { requestedScopes: number[]; nonce: string }): Promise<{
    identityToken: string | null;
    authorizationCode: string | null;
    fullName: { givenName: string | null; familyName: string | null } | null;
  }>;
}

/** iOS only; elsewhere leave it out, and the browser is used. */
export function appleSignIn(apple: AppleAuthentication): NativeSignIn {
  const { FULL_NAME, EMAIL } = apple.AppleAuthenticationScope;
  return async ({ nonce }) => {
    const told = await unlessClosed(apple.signInAsync({ requestedScopes: [FULL_NAME, EMAIL], nonce }));
    if (told === null || told.identityToken === null) return null;
    const { givenName, familyName } = told.fullName ?? {};
    return { idToken: told.identityToken, authorizationCode: told.authorizationCode, givenName, familyName };
  };
}

/** What is used of @react-native-google-signin/google-signin (its one-tap module, which carries a nonce). */
interface GoogleOneTap {
  signIn(options: { webClientId: string; nonce: string }): Promise<{ type: string; data: { idToken: string } | null }>;
}

export function googleSignIn(google: GoogleOneTap, webClientId: string): NativeSignIn {
  return async ({ nonce }): Promise<NativeAnswer | null> => {
    const { data } = await google.signIn({ webClientId, nonce });
    return data === null ? null : { idToken: data.idToken };
  };
}

async function unlessClosed<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_REQUEST_CANCELED') return null;
    throw error;
  }
}
