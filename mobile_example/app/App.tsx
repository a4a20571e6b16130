import { StatusBar } from 'expo-status-bar';
import { type ReactNode, useEffect, useState } from 'react';
import { ScrollView, StyleSheet } from 'react-native';
import { SSOProvider, useSession } from 'broker-sso';
import { SSOWebView } from 'broker-sso/webview';

import { WithoutSDK } from '../recipes/ExpoAuthSession';
import { type Config, readConfig } from './config';
import { Profile } from './Profile';
import { SignIn } from './SignIn';
import { type Clients, createClients, webview } from './sso';

export function App(): ReactNode {
  const ready = useReady();
  const [inside, setInside] = useState(false);
  if (ready === null) return null;
  const { config, clients } = ready;
  return (
    <SSOProvider client={inside ? clients.inside : clients.system}>
      <ScrollView contentContainerStyle={styles.page}>
        <Screen config={config} inside={inside} onInside={setInside} />
      </ScrollView>
      <SSOWebView browser={webview} />
      <StatusBar style="auto" />
    </SSOProvider>
  );
}

interface Ready {
  readonly config: Config;
  readonly clients: Clients;
}

function useReady(): Ready | null {
  const [ready, setReady] = useState<Ready | null>(null);
  useEffect(() => {
    void readConfig().then((config) => setReady({ config, clients: createClients(config) }));
  }, []);
  return ready;
}

interface ScreenProps {
  readonly config: Config;
  readonly inside: boolean;
  onInside(inside: boolean): void;
}

function Screen({ config, inside, onInside }: ScreenProps): ReactNode {
  const { status } = useSession();
  if (status === 'loading') return null;
  if (status === 'signedIn') return <Profile backend={config.backend} />;
  return (
    <>
      <SignIn inside={inside} onInside={onInside} />
      <WithoutSDK issuer={config.issuer} clientId={config.clientId} />
    </>
  );
}

const styles = StyleSheet.create({ page: { padding: 24, paddingTop: 72, gap: 12 } });
