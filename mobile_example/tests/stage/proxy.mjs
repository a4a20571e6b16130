// A network between app and broker that counts, delays and loses. It loses as radios do: the broker has answered, and nobody
// hears it.
import http from 'node:http';

export async function startProxy(target) {
  const seen = [];
  let loses = 0;
  let delay = 0;
  const server = http.createServer((incoming, outgoing) => {
    const { method, headers } = incoming;
    const chunks = [];
    incoming.on('data', (chunk) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      seen.push({ method, path: incoming.url.split('?')[0], body: body.toString() });
      const forward = http.request(target + incoming.url, { method, headers: { ...headers, host: new URL(target).host } });
      forward.on('response', (answer) => {
        if (loses > 0 && body.includes('grant_type=refresh_token')) {
          loses -= 1;
          answer.resume().on('end', () => incoming.socket.destroy());
          return;
        }
        setTimeout(() => {
          outgoing.writeHead(answer.statusCode, answer.headers);
          answer.pipe(outgoing);
        }, delay);
      });
      forward.end(body);
    });
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const address = `http://127.0.0.1:${server.address().port}`;
  return {
    fetch: (url, init) => fetch(url.replace(target, address), init),
    loseRefreshAnswers: (count) => { loses = count; },
    slowDown: (milliseconds) => { delay = milliseconds; },
    refreshes: () => seen.filter(({ path, body }) => path === '/token' && body.includes('grant_type=refresh_token')).length,
    stop: () => { server.closeAllConnections(); server.close(); },
  };
}
