import { type ReactNode } from 'react';
import { Button, Platform, Switch, Text, View } from 'react-native';
import { useSSO, useSession } from 'broker-sso';

const PROVIDERS = { google: 'Google', apple: 'Apple', github: 'GitHub', microsoft: 'Microsoft' };

interface Props {
  readonly inside: boolean;
  onInside(inside: boolean): void;
}

export function SignIn({ inside, onInside }: Props): ReactNode {
  const { signIn, pending, error } = useSSO();
  const session = useSession();
  return (
    <>
      <Text testID="status">Signed out</Text>
      {session.status === 'signedOut' && session.reason === 'ended' && <Text>Your session was ended. Please sign in again.</Text>}
      {Object.entries(PROVIDERS).map(([provider, name]) => (
        <Button
          key={provider}
          testID={`sign-in-${provider}`}
          title={`Continue with ${name}`}
          disabled={pending}
          onPress={() => void signIn({ provider })}
        />
      ))}
      <Button testID="sign-in" title="Another way" disabled={pending} onPress={() => void signIn()} />
      {Platform.OS !== 'web' && (
        <View style={{ flexDirection: 'row', gap: 12 }}>
          <Switch testID="inside" value={inside} onValueChange={onInside} />
          <Text>In a window of this app</Text>
        </View>
      )}
      {error !== null && <Text testID="error">{`${error.code}: ${error.message}`}</Text>}
    </>
  );
}
