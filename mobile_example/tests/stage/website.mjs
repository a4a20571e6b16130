// The exported web version as a web server would serve it: every path is the app; where its broker is, it asks at run time.
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { join, normalize } from 'node:path';

import { HOME } from './places.mjs';

const TYPES = { html: 'text/html', js: 'text/javascript', json: 'application/json', ico: 'image/x-icon' };

export async function startWebsite(config, headers = {}) {
  const server = http.createServer(async ({ url }, answer) => {
    const path = normalize(new URL(url, 'http://any').pathname);
    if (path === '/config.json') return send(answer, 'json', JSON.stringify(config), headers);
    const file = await readFile(join(HOME, 'dist', path)).catch(() => undefined);
    const kind = file === undefined ? 'html' : path.split('.').at(-1);
    return send(answer, kind, file ?? await readFile(join(HOME, 'dist', 'index.html')), headers);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const origin = `http://127.0.0.1:${server.address().port}`;
  return { origin, stop: () => { server.closeAllConnections(); server.close(); } };
}

function send(answer, kind, body, headers) {
  answer.writeHead(200, { 'content-type': TYPES[kind] ?? 'application/octet-stream', ...headers });
  answer.end(body);
}
