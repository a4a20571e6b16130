// A real `broker dev` with data of its own, and the admin's calls to it.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { HOME } from './places.mjs';

export const PYTHON = join(HOME, '..', '.venv', 'bin', 'python');

export async function startBroker() {
  const folder = await mkdtemp(join(tmpdir(), 'broker-'));
  const told = ['-m', 'broker', 'dev', '--port', '0', '--data-dir', join(folder, 'data'), '--json'];
  const { ready, stop } = await startProcess(PYTHON, told, {});
  // Its Valkey may still be writing for a moment.
  const forget = () => rm(folder, { recursive: true, maxRetries: 20, retryDelay: 100 });
  return { ...ready, admin: adminOf(ready), stop: () => stop().then(forget) };
}

// A process that prints one line of JSON when it is ready. With VERBOSE set its log is shown.
export async function startProcess(command, args, env) {
  const cwd = join(HOME, '..');
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', process.env.VERBOSE ? 'inherit' : 'ignore'] });
  const ended = new Promise((resolve) => { child.once('exit', resolve); });
  const lines = createInterface({ input: child.stdout });
  const first = new Promise((resolve) => { lines.once('line', resolve); });
  const line = await Promise.race([first, ended.then((code) => { throw new Error(`${command} ended with ${code}`); })]);
  return { ready: JSON.parse(line), stop: () => { child.kill(); return ended; } };
}

function adminOf({ issuer, secret_key: secretKey }) {
  return async (method, path, body) => {
    const headers = { authorization: `Bearer ${secretKey}`, 'content-type': 'application/json' };
    const answer = await fetch(`${issuer}/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} /v1/${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
}
