// Sign-in with react-native-app-auth 8, which drives AppAuth for iOS and for Android. See react-native-app-auth.md.
import { type AuthConfiguration, type AuthorizeResult, authorize, refresh, revoke } from 'react-native-app-auth';

const config = {
  issuer: 'https://auth.example.com',
  clientId: 'default',
  redirectUrl: 'com.example.broker:/oauth2redirect',
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  additionalParameters: { provider: 'google' }, // without it the broker asks which
} satisfies AuthConfiguration;

export function signIn(): Promise<AuthorizeResult> {
  return authorize(config);
}

/** Each refresh token is good once: store the new one before the access token that came with it is used. */
export async function renew(refreshToken: string): Promise<{ accessToken: string; refreshToken: string }> {
  const renewed = await refresh(config, { refreshToken });
  return { accessToken: renewed.accessToken, refreshToken: renewed.refreshToken ?? refreshToken };
}

export async function signOut(refreshToken: string): Promise<void> {
  await revoke(config, { tokenToRevoke: refreshToken, sendClientId: true });
}
