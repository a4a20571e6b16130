// Clerk's own backend SDK, pointed at the broker. One JSON line in is one call of it, one JSON line out is what came of
// it: `{"value"}`, or `{"error"}` in the words of the SDK's error class. It ends when its standard input does.
import { createInterface } from 'node:readline';

import { createClerkClient, verifyToken } from '@clerk/backend';
import { isClerkAPIResponseError } from '@clerk/backend/errors';

async function answer({ call, args = [], client }) {
  const clerk = createClerkClient({ ...client, telemetry: { disabled: true } });
  if (call === 'verifyToken') return verifyToken(...args);
  if (call === 'authenticateRequest') return authenticate(clerk, ...args);
  const [area, method] = call.split('.');
  return clerk[area][method](...args);
}

async function authenticate(clerk, { url, headers }, options) {
  const state = await clerk.authenticateRequest(new Request(url, { headers }), options);
  const { userId, sessionId } = state.toAuth() ?? {};
  return { isAuthenticated: state.isAuthenticated, reason: state.reason, userId, sessionId };
}

function described(error) {
  const { name, status, errors, clerkTraceId, reason, message } = error;
  return { isClerkAPIResponseError: isClerkAPIResponseError(error), name, status, errors, clerkTraceId, reason, message };
}

const withoutRaw = (key, value) => (key === '_raw' ? undefined : value);

for await (const line of createInterface({ input: process.stdin })) {
  const outcome = await answer(JSON.parse(line)).then((value) => ({ value }), (error) => ({ error: described(error) }));
  console.log(JSON.stringify(outcome, withoutRaw));
}
