import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { HOME } from './places.mjs';

const OFFLINE = { CI: '1', EXPO_OFFLINE: '1', EXPO_NO_TELEMETRY: '1' };

// Its standard output. Rejects with all that it said.
export async function run(command, args, options = {}) {
  const env = { ...process.env, ...OFFLINE, ...options.env };
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd: HOME, maxBuffer: 64 * 1024 * 1024, ...options, env });
    return stdout;
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}: ${error.stdout ?? ''}${error.stderr ?? error.message}`);
  }
}
