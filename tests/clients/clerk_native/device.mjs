// What a phone is to Clerk's SDK: where the client token is kept, and each answer's status, for the suite to look at.

export class Keychain {
  constructor() {
    this.tokens = [];
  }

  get current() {
    return this.tokens.at(-1) ?? '';
  }

  keep(token) {
    if (token && token !== this.current) this.tokens.push(token);
  }
}

// What the SDK's own error class says, for a step that must fail.
export async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return { status: error.status, code: error.errors?.[0]?.code, message: error.errors?.[0]?.longMessage ?? error.message };
  }
  throw new Error('that should have been refused');
}
