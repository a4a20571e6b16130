// A forward proxy that puts Cross-Origin-Opener-Policy on everything, as a provider or an app may.
import http from 'node:http';

export const COOP = { 'cross-origin-opener-policy': 'same-origin' };

export async function startCoopProxy() {
  const server = http.createServer((incoming, outgoing) => {
    const { url, method, headers } = incoming;
    const forward = http.request(url, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, { ...answer.headers, ...COOP });
      answer.pipe(outgoing);
    });
    forward.on('error', () => outgoing.destroy());
    incoming.pipe(forward);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const address = `http://127.0.0.1:${server.address().port}`;
  return { address, stop: () => { server.closeAllConnections(); server.close(); } };
}
