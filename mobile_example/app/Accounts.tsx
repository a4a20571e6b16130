import { type ReactNode } from 'react';
import { Button, Text, View } from 'react-native';
import { type Connection, useConnections } from 'broker-sso';

const CALENDAR = 'https://www.googleapis.com/auth/calendar.readonly';

export function Accounts(): ReactNode {
  const { connections, connect, disconnect, pending, error } = useConnections();
  return (
    <View testID="accounts" style={{ gap: 8 }}>
      {connections?.map((each) => (
        <Account key={each.id} connection={each} disabled={pending} onDisconnect={() => void disconnect(each.id)} />
      ))}
      <Button testID="connect-github" title="Connect GitHub" disabled={pending} onPress={() => void connect('github')} />
      <Button
        testID="more-scopes"
        title="Let this app see my Google calendars"
        disabled={pending}
        onPress={() => void connect('google', { scopes: [CALENDAR] })}
      />
      {error !== null && <Text testID="accounts-error">{`${error.code}: ${error.message}`}</Text>}
    </View>
  );
}

interface AccountProps {
  readonly connection: Connection;
  readonly disabled: boolean;
  onDisconnect(): void;
}

function Account({ connection, disabled, onDisconnect }: AccountProps): ReactNode {
  const { provider, name, scopes, health } = connection;
  return (
    <View testID={`account-${provider}`}>
      <Text>{`${provider}: ${name} (${health})`}</Text>
      <Text testID={`scopes-${provider}`}>{scopes.join(' ')}</Text>
      <Button testID={`disconnect-${provider}`} title="Disconnect" disabled={disabled} onPress={onDisconnect} />
    </View>
  );
}
