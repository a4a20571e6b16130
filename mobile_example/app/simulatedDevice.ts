import type { NativeSignIn } from 'broker-sso';

interface Told {
  readonly id_token: string;
  readonly authorization_code?: string;
  readonly given_name?: string;
  readonly family_name?: string;
}

/** Plays a provider's SDK against `broker dev`: signs in Ada, without asking. */
export function simulatedDevice(issuer: string, provider: string): NativeSignIn {
  return async ({ nonce }) => {
    const body = new URLSearchParams({ persona: 'ada', nonce, audience: 'simulated' }).toString();
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(`${issuer}/simulator/${provider}/native`, { method: 'POST', headers, body });
    const told = await answer.json() as Told;
    return {
      idToken: told.id_token,
      authorizationCode: told.authorization_code,
      givenName: told.given_name,
      familyName: told.family_name,
    };
  };
}
