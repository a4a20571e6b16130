import { act, fireEvent, render, screen, waitFor } from '@testing-library/react-native';
import { type ReactNode, useEffect } from 'react';
import { View } from 'react-native';

import { App } from '../../app/App';
import { deviceFetch, keychain, openAuthSession } from './device';

interface WebViewProps {
  readonly source: { readonly uri: string };
  readonly originWhitelist: readonly string[];
  onShouldStartLoadWithRequest(request: { url: string }): boolean;
}

const followed: string[] = [];

// A webview that asks before it loads, and a person in it who presses every button.
function mockWebView({ source, originWhitelist, onShouldStartLoadWithRequest }: WebViewProps): ReactNode {
  useEffect(() => {
    void openAuthSession(source.uri, 'brokerexample://callback').then(({ url }) => act(async () => {
      expect(originWhitelist).toEqual(['*']);
      if (onShouldStartLoadWithRequest({ url })) followed.push(url);
    }));
  }, [source.uri]);
  return <View testID="webview" />;
}

jest.mock('expo-crypto', () => jest.requireActual('./device').crypto);
jest.mock('expo-secure-store', () => jest.requireActual('./device').secureStore);
// Under jest there is no manifest of a build to read the scheme from.
jest.mock('expo-linking', () => ({ ...jest.requireActual('expo-linking'), createURL: () => 'brokerexample://callback' }));
jest.mock('react-native-webview', () => ({ WebView: mockWebView }));

beforeEach(() => {
  keychain.clear();
  globalThis.fetch = deviceFetch as typeof fetch;
  jest.spyOn(console, 'info').mockImplementation();
});

const shown = (testID: string, text: RegExp) =>
  waitFor(() => expect(screen.getByTestId(testID)).toHaveTextContent(text), { timeout: 10_000 });

test('by a provider\'s own SDK: the profile, its account, and out again', async () => {
  render(<App />);
  await shown('status', /signed out/i);
  fireEvent.press(screen.getByTestId('sign-in-google'));
  await shown('status', /signed in as ada lovelace/i);
  await shown('account-google', /google: ada lovelace \(/i);
  fireEvent.press(screen.getByTestId('sign-out'));
  await shown('status', /signed out/i);
});

test('in a window of the app: the redirect is caught, and nothing of it is followed', async () => {
  render(<App />);
  await shown('status', /signed out/i);
  fireEvent(screen.getByTestId('inside'), 'valueChange', true);
  fireEvent.press(await screen.findByTestId('sign-in-google'));
  await waitFor(() => expect(screen.getByTestId('webview')).toBeTruthy(), { timeout: 5_000 });
  await shown('status', /signed in as ada lovelace/i);
  expect(screen.queryByTestId('webview')).toBeNull();
  expect(followed).toEqual([]);
});
