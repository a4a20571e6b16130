// What jest has no native side for: the browser, the keychain, chance, the network. All else is the real package.
import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomFillSync } from 'node:crypto';
import http from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const keychain = new Map<string, string>();

export const secureStore = {
  AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: 1,
  getItemAsync: async (key: string) => keychain.get(key) ?? null,
  setItemAsync: async (key: string, value: string) => { keychain.set(key, value); },
  deleteItemAsync: async (key: string) => { keychain.delete(key); },
};

export const crypto = {
  CryptoDigestAlgorithm: { SHA256: 'SHA-256' },
  CryptoEncoding: { BASE64: 'base64' },
  getRandomValues: (values: Uint8Array) => randomFillSync(values),
  digestStringAsync: async (_: string, text: string) => createHash('sha256').update(text).digest('base64'),
  getRandomBytes: (count: number) => new Uint8Array(randomBytes(count)),
  digest: async (_: string, data: Uint8Array) => new Uint8Array(createHash('sha256').update(data).digest()).buffer,
};

export async function openAuthSession(url: string, redirectUri: string): Promise<{ type: 'success'; url: string }> {
  const program = join(__dirname, 'browser.mjs');
  const { stdout } = await promisify(execFile)('node', [program, url, redirectUri]);
  return { type: 'success', url: stdout.trim() };
}

// React Native's own fetch is a stub under jest.
export function deviceFetch(url: string, { method, headers, body }: RequestInit = {}): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers: headers as Record<string, string>, agent: false }, async (answer) => {
      let text = '';
      for await (const piece of answer.setEncoding('utf8')) text += piece;
      const status = answer.statusCode ?? 0;
      const told = { get: (name: string) => answer.headers[name.toLowerCase()] ?? null };
      const ok = status >= 200 && status < 300;
      resolve({ status, ok, headers: told as Headers, text: async () => text, json: async () => JSON.parse(text) as unknown } as Response);
    });
    request.on('error', reject).end(body as string | undefined);
  });
}
