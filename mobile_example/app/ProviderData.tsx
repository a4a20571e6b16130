import { type ReactNode, useState } from 'react';
import { Button, Linking, Text } from 'react-native';
import { useSession } from 'broker-sso';

interface Answer {
  readonly data?: unknown;
  readonly error?: string;
  readonly reconnect_url?: string | null;
}

/** What the app's backend finds at the provider, with a token that this app never sees. */
export function ProviderData({ backend }: { backend: string }): ReactNode {
  const { fetch } = useSession();
  const [answer, setAnswer] = useState<Answer | null>(null);
  const load = async (): Promise<void> => {
    const response = await fetch(`${backend}/profile/google`).catch(() => null);
    setAnswer(response === null ? { error: 'unreachable' } : await response.json() as Answer);
  };
  const reconnectUrl = answer?.reconnect_url;
  return (
    <>
      <Button testID="load-data" title="What does Google know of me?" onPress={() => void load()} />
      {answer !== null && <Text testID="data">{JSON.stringify(answer.data ?? answer.error, null, 2)}</Text>}
      {typeof reconnectUrl === 'string' && <Button title="Reconnect" onPress={() => void Linking.openURL(reconnectUrl)} />}
    </>
  );
}
