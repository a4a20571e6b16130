// Sign-in with nothing but expo-auth-session: the broker is a standard OAuth 2.1 server. See expo-auth-session.md.
import * as AuthSession from 'expo-auth-session';
import * as WebBrowser from 'expo-web-browser';
import { type ReactNode, useState } from 'react';
import { Button, Text } from 'react-native';

WebBrowser.maybeCompleteAuthSession();

const redirectUri = AuthSession.makeRedirectUri({ scheme: 'brokerexample', path: 'callback' });
const scopes = ['openid', 'profile', 'email', 'offline_access'];

export function WithoutSDK({ issuer, clientId }: { issuer: string; clientId: string }): ReactNode {
  const discovery = AuthSession.useAutoDiscovery(issuer);
  const [request, , promptAsync] = AuthSession.useAuthRequest(
    { clientId, redirectUri, scopes, extraParams: { provider: 'google' } },
    discovery,
  );
  const [told, setTold] = useState('');

  async function signIn(): Promise<void> {
    const result = await promptAsync();
    if (result.type !== 'success' || !request?.codeVerifier || !discovery) return setTold(result.type);
    const app = { clientId, redirectUri };
    const code = { code: result.params.code ?? '', extraParams: { code_verifier: request.codeVerifier } };
    const tokens = await AuthSession.exchangeCodeAsync({ ...app, ...code }, discovery);
    // Keep tokens.refreshToken in expo-secure-store, and each new one before the access token that comes with it is used.
    const fresh = await AuthSession.refreshAsync({ clientId, refreshToken: tokens.refreshToken ?? '' }, discovery);
    const person = await AuthSession.fetchUserInfoAsync({ accessToken: fresh.accessToken }, discovery) as { email?: string };
    await AuthSession.revokeAsync({ clientId, token: fresh.refreshToken ?? '' }, discovery);
    setTold(`${person.email} came and went`);
  }

  return (
    <>
      <Button testID="stock-sign-in" title="Without our SDK" disabled={!request} onPress={() => void signIn()} />
      <Text testID="stock-told">{told}</Text>
    </>
  );
}
