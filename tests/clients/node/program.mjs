// How every program here talks to the suite: one JSON argument (or the variable TRIP) in, one JSON line out, or exit 1.

export function input() {
  return JSON.parse(process.argv[2] ?? process.env.TRIP ?? '{}');
}

export async function run(main) {
  try {
    console.log(JSON.stringify(await main(input())));
  } catch (error) {
    console.error(describe(error));
    process.exitCode = 1;
  }
}

// The libraries put the reason into `code`, `error` and `cause`, not into the message.
function describe(error) {
  const names = [error.name, error.code, error.error, error.error_description].filter(Boolean).join(' ');
  const cause = error.cause === undefined ? '' : `\n  cause: ${causeOf(error.cause)}`;
  return `${names}: ${error.message}${cause}`;
}

function causeOf(cause) {
  if (cause instanceof Error) return describe(cause);
  if (cause instanceof Response) return `HTTP ${cause.status} ${cause.url}`;
  if (cause instanceof URLSearchParams) return cause.toString();
  return JSON.stringify(cause).slice(0, 600);
}

export function check(holds, message) {
  if (!holds) throw new Error(message);
}

// A refused request is the wanted end of a trip: its OAuth error code, or a failure if it was accepted.
export async function refusal(promise, codeOf) {
  const outcome = await promise.then(() => 'accepted', (error) => codeOf(error) ?? describe(error));
  check(outcome === 'invalid_grant', `a revoked refresh token must end in invalid_grant, not: ${outcome}`);
  return outcome;
}
