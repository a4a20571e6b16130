// Every way in which a call can fail, in one table. `retryable`: the same call may succeed later, unchanged.

interface Kind {
  readonly retryable: boolean;
  readonly message: string;
}

export const ERRORS = {
  access_denied: { retryable: false, message: 'the sign-in was refused' },
  config: { retryable: false, message: 'the app and the broker are not set up for each other' },
  invalid_response: { retryable: false, message: 'the broker answered with something else than it should' },
  issuer_mismatch: { retryable: false, message: 'the answer comes from another issuer' },
  locked: { retryable: true, message: 'a sign-in is open already' },
  login_required: { retryable: false, message: 'this needs a sign-in of the last minutes: sign in again' },
  network: { retryable: true, message: 'the broker could not be reached' },
  not_signed_in: { retryable: false, message: 'nobody is signed in' },
  popup_blocked: { retryable: true, message: 'the browser blocked the popup' },
  provider_error: { retryable: true, message: 'the provider failed' },
  server: { retryable: true, message: 'the broker failed' },
  session_expired: { retryable: false, message: 'the session is over' },
  state_mismatch: { retryable: false, message: 'the answer belongs to no sign-in of this app' },
  storage: { retryable: true, message: 'the device kept or gave back nothing' },
  timeout: { retryable: true, message: 'the broker did not answer in time' },
} as const satisfies Record<string, Kind>;

export type SSOErrorCode = keyof typeof ERRORS;

interface Details {
  /** What the broker or the device said, for the developer. */
  readonly message?: string | undefined;
  /** The broker's own word, such as `invalid_grant`. */
  readonly wire?: string | undefined;
  readonly cause?: unknown;
}

export class SSOError extends Error {
  override readonly name = 'SSOError';
  readonly code: SSOErrorCode;
  readonly retryable: boolean;
  readonly wire: string | undefined;

  constructor(code: SSOErrorCode, { message, wire, cause }: Details = {}) {
    super(message ?? ERRORS[code].message, { cause });
    this.code = code;
    this.retryable = ERRORS[code].retryable;
    this.wire = wire;
  }
}

// The words of RFC 6749, 6750 and OpenID Connect, and those of the broker's /v1.
const WORDS: Readonly<Record<string, SSOErrorCode>> = {
  access_denied: 'access_denied',
  consent_required: 'login_required',
  interaction_required: 'login_required',
  invalid_client: 'config',
  invalid_grant: 'session_expired',
  invalid_request: 'config',
  invalid_scope: 'config',
  invalid_token: 'session_expired',
  last_required_identification_deletion_failed: 'access_denied',
  login_required: 'login_required',
  server_error: 'server',
  session_reverification_required: 'login_required',
  temporarily_unavailable: 'server',
  unauthorized_client: 'config',
};

/** The error for one of the broker's words. `instead` says what a word means where it means something else. */
export function errorOf(
  wire: string,
  message: string | undefined,
  instead: Readonly<Record<string, SSOErrorCode>> = {},
): SSOError {
  return new SSOError(instead[wire] ?? WORDS[wire] ?? 'invalid_response', { wire, message });
}

export function isRetryable(error: unknown): boolean {
  return error instanceof SSOError && error.retryable;
}
