import { act, fireEvent, render, renderHook, screen, waitFor } from '@testing-library/react-native';
import * as WebBrowser from 'expo-web-browser';
import { type ReactNode } from 'react';
import { AppState, Button, Linking, Platform, Text } from 'react-native';
import { appleSignIn, createSSO, googleSignIn, type SSOClient, type SSOConfig, SSOProvider, useConnections, useSession, useSSO } from 'broker-sso';

import { deviceFetch, keychain, openAuthSession } from './device';

jest.mock('expo-crypto', () => jest.requireActual('./device').crypto);
jest.mock('expo-secure-store', () => jest.requireActual('./device').secureStore);
jest.mock('expo-web-browser', () => ({
  WebBrowserResultType: { CANCEL: 'cancel', DISMISS: 'dismiss', LOCKED: 'locked', OPENED: 'opened' },
  openAuthSessionAsync: jest.fn(),
  dismissAuthSession: jest.fn(),
}));

const { issuer, clientId } = JSON.parse(process.env.BROKER_READY ?? '{}') as { issuer: string; clientId: string };
const open = jest.mocked(WebBrowser.openAuthSessionAsync);
const clients: SSOClient[] = [];

beforeEach(() => {
  keychain.clear();
  jest.restoreAllMocks();
  jest.clearAllMocks();
  open.mockImplementation((url, redirectUri) => openAuthSession(url, redirectUri ?? ''));
  jest.spyOn(console, 'info').mockImplementation();
});
afterEach(() => clients.splice(0).forEach((client) => client.close()));

function makeClient(config: Partial<SSOConfig> = {}): SSOClient {
  const client = createSSO({ issuer, clientId, scheme: 'brokerexample', fetch: deviceFetch, ...config });
  clients.push(client);
  return client;
}

function inside(client: SSOClient) {
  return ({ children }: { children: ReactNode }) => <SSOProvider client={client}>{children}</SSOProvider>;
}

function Home(): ReactNode {
  const { signIn } = useSSO();
  const { status, user, signOut } = useSession();
  return status === 'signedIn'
    ? <Button title={`Sign out ${user.name}`} onPress={() => void signOut()} />
    : <Button title="Continue with Google" onPress={() => void signIn({ provider: 'google' })} />;
}

test('the shortest app signs in and out', async () => {
  render(<Home />, { wrapper: inside(makeClient()) });
  fireEvent.press(await screen.findByText(/continue with google/i));
  fireEvent.press(await screen.findByText(/sign out ada lovelace/i, {}, { timeout: 10_000 }));
  expect(await screen.findByText(/continue with google/i)).toBeTruthy();
  await waitFor(() => expect(keychain.size).toBe(0));
});

test('the session outlives the app, and the keychain holds one record', async () => {
  const first = makeClient();
  await act(() => first.signIn({ provider: 'google' }));
  expect([...keychain.keys()]).toEqual([`sso.${clientId}.session`]);
  first.close();
  const { result } = renderHook(() => useSession(), { wrapper: inside(makeClient()) });
  await waitFor(() => expect(result.current.status).toBe('signedIn'));
  expect(result.current.user?.name).toBe('Ada Lovelace');
  expect(await result.current.getAccessToken()).toMatch(/^ey/);
});

test('cancelling in the browser is null for the caller and no error on the screen', async () => {
  open.mockResolvedValue({ type: WebBrowser.WebBrowserResultType.CANCEL });
  const { result } = renderHook(() => useSSO(), { wrapper: inside(makeClient()) });
  await act(async () => expect(await result.current.signIn({ provider: 'google' })).toBeNull());
  expect(result.current.error).toBeNull();
  expect(result.current.pending).toBe(false);
});

test('a failure is an error for the screen, and no rejection', async () => {
  open.mockResolvedValue({ type: 'success', url: 'brokerexample://callback?state=forged&code=x' });
  const { result } = renderHook(() => useSSO(), { wrapper: inside(makeClient()) });
  await act(async () => expect(await result.current.signIn({ provider: 'google' })).toBeNull());
  expect(result.current.error).toMatchObject({ code: 'state_mismatch', retryable: false });
});

test('a browser that is dismissed before its link arrives has signed in all the same', async () => {
  const links = jest.spyOn(Linking, 'addEventListener');
  open.mockImplementation(async (url, redirectUri) => {
    const { url: link } = await openAuthSession(url, redirectUri ?? '');
    const [, listener] = links.mock.calls.at(-1) ?? [];
    setTimeout(() => listener?.({ url: link }), 300);
    return { type: WebBrowser.WebBrowserResultType.DISMISS };
  });
  await act(async () => expect(await makeClient().signIn({ provider: 'google' })).toMatchObject({ user: { name: 'Ada Lovelace' } }));
});

test('the link that starts a killed app finishes its sign-in', async () => {
  const killed = makeClient();
  open.mockReturnValue(new Promise(() => {}));
  void killed.signIn({ provider: 'google' });
  await waitFor(() => expect(open).toHaveBeenCalled());
  killed.close();
  const { url } = await openAuthSession(open.mock.calls[0]?.[0] ?? '', killed.redirectUri);
  jest.spyOn(Linking, 'getInitialURL').mockResolvedValue(url);
  const { result } = renderHook(() => useSession(), { wrapper: inside(makeClient()) });
  await waitFor(() => expect(result.current.status).toBe('signedIn'), { timeout: 10_000 });
});

test('connections come, are added to, and go', async () => {
  const client = makeClient();
  await act(() => client.signIn({ provider: 'google' }));
  const { result } = renderHook(() => useConnections(), { wrapper: inside(client) });
  await waitFor(() => expect(result.current.connections).not.toBeNull());
  await act(() => result.current.connect('discord'));
  const discord = result.current.connections?.find(({ provider }) => provider === 'discord');
  expect(discord).toBeDefined();
  await act(() => result.current.disconnect(discord?.id ?? ''));
  expect(result.current.connections?.some(({ provider }) => provider === 'discord')).toBe(false);
});

test('the app comes to the front and finds that its session was ended elsewhere', async () => {
  const states = jest.spyOn(AppState, 'addEventListener');
  const client = makeClient();
  const becomesActive = states.mock.calls.at(-1)?.[1];
  await act(() => client.signIn({ provider: 'google' }));
  const token = await client.getAccessToken();
  const { sid } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sid: string };
  const headers = { authorization: `Bearer ${token}` };
  await deviceFetch(`${issuer}/v1/me/sessions/${sid}`, { method: 'DELETE', headers });
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000);
  await act(async () => becomesActive?.('active'));
  await waitFor(() => expect(client.getSnapshot()).toEqual({ status: 'signedOut', user: null, reason: 'ended' }));
});

test('the redirect URL is the one of app.json\'s scheme, and is told to the developer', () => {
  expect(makeClient().redirectUri).toBe('brokerexample://callback');
  expect(console.info).toHaveBeenCalledWith(expect.stringContaining('brokerexample://callback must be on the allowlist'));
});

test('ephemeral asks the browser for a session without cookies, on this platform', async () => {
  const client = makeClient({ ephemeral: true });
  await act(() => client.signIn({ provider: 'google' }));
  expect(open.mock.calls[0]?.[2]).toEqual({ preferEphemeralSession: true });
  expect(WebBrowser.dismissAuthSession).toHaveBeenCalledTimes(Platform.OS === 'ios' ? 1 : 0);
});

test('Apple\'s sheet gets our nonce, and its code and first-time name go to the broker', async () => {
  const signInAsync = jest.fn().mockResolvedValue({
    identityToken: 'token',
    authorizationCode: 'code',
    fullName: { givenName: 'Ada', familyName: 'Lovelace' },
  });
  const apple = appleSignIn({ AppleAuthenticationScope: { FULL_NAME: 0, EMAIL: 1 }, signInAsync });
  expect(await apple({ nonce: 'ours' })).toEqual({
    idToken: 'token', authorizationCode: 'code', givenName: 'Ada', familyName: 'Lovelace',
  });
  expect(signInAsync).toHaveBeenCalledWith({ requestedScopes: [0, 1], nonce: 'ours' });
  signInAsync.mockRejectedValue(Object.assign(new Error('closed'), { code: 'ERR_REQUEST_CANCELED' }));
  expect(await apple({ nonce: 'ours' })).toBeNull();
});

test('Google\'s sheet gets our nonce, for the web client id', async () => {
  const signIn = jest.fn().mockResolvedValueOnce({ type: 'success', data: { idToken: 'token' } });
  const google = googleSignIn({ signIn }, 'web-client');
  expect(await google({ nonce: 'ours' })).toEqual({ idToken: 'token' });
  expect(signIn).toHaveBeenCalledWith({ webClientId: 'web-client', nonce: 'ours' });
  signIn.mockResolvedValueOnce({ type: 'cancelled', data: null });
  expect(await google({ nonce: 'ours' })).toBeNull();
});

test('a component without a provider says what is missing', () => {
  jest.spyOn(console, 'error').mockImplementation();
  function Lost(): ReactNode { return <Text>{useSession().status}</Text>; }
  expect(() => render(<Lost />)).toThrow('no SSOProvider around this component');
});
