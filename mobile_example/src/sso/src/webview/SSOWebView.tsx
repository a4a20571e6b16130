import { type ReactNode, useSyncExternalStore } from 'react';
import { Button, Modal, View } from 'react-native';
import { WebView } from 'react-native-webview';

import type { Visit, WebViewBrowser } from './browser.js';

/** Put it once beside your screens; it shows itself during a sign-in. */
export function SSOWebView({ browser, closeLabel = 'Close' }: { browser: WebViewBrowser; closeLabel?: string }): ReactNode {
  const visit = useSyncExternalStore(browser.subscribe, browser.current, browser.current);
  if (visit === null) return null;
  return (
    <Modal animationType="slide" presentationStyle="pageSheet" onRequestClose={visit.dismiss}>
      <View style={{ flex: 1 }}>
        <Button title={closeLabel} onPress={visit.dismiss} />
        <Page visit={visit} />
      </View>
    </Modal>
  );
}

// Every scheme is let through to `allow`: what originWhitelist stops is given to the system, which would open the app anew.
// Android asks only for GET; after a posted form the address shows up in the other two.
function Page({ visit }: { visit: Visit }): ReactNode {
  return (
    <WebView
      source={{ uri: visit.url }}
      originWhitelist={['*']}
      onShouldStartLoadWithRequest={({ url }) => visit.allow(url)}
      onNavigationStateChange={({ url }) => { visit.allow(url); }}
      onError={({ nativeEvent }) => { visit.allow(nativeEvent.url); }}
    />
  );
}
