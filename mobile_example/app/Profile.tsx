import { type ReactNode } from 'react';
import { Button, Image, Text } from 'react-native';
import { useSession } from 'broker-sso';

import { Accounts } from './Accounts';
import { ProviderData } from './ProviderData';

export function Profile({ backend }: { backend: string }): ReactNode {
  const session = useSession();
  if (session.status !== 'signedIn') return null;
  const { user, offline, signOut } = session;
  return (
    <>
      <Text testID="status">{`Signed in as ${user.name}`}</Text>
      {user.picture !== undefined && <Image source={{ uri: user.picture }} style={{ width: 64, height: 64 }} />}
      <Text testID="email">{user.email ?? 'no address known'}</Text>
      {offline && <Text testID="offline">Offline. You stay signed in.</Text>}
      <Accounts />
      <ProviderData backend={backend} />
      <Button testID="sign-out" title="Sign out" onPress={() => void signOut()} />
      <Button testID="sign-out-everywhere" title="Sign out everywhere" onPress={() => void signOut({ everywhere: true })} />
    </>
  );
}
