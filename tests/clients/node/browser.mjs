// The phone's system browser and the person before it: follows redirects, keeps cookies, presses the page's button.
import http from 'node:http';
import https from 'node:https';

import { CookieJar } from './cookie_jar.mjs';
import { formActions, pressButton, textOf } from './page.mjs';

const MOBILE_SAFARI = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 '
  + '(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';
const MOST_HOPS = 30;
const PATIENCE_MS = 20_000;

// For programs that sign in once. Two trips that share cookies need one Browser.
export function openAuthSession(url, redirectUri) {
  return new Browser().openAuthSession(url, redirectUri);
}

export class Browser {
  constructor({ userAgent = MOBILE_SAFARI } = {}) {
    this.userAgent = userAgent;
    this.jar = new CookieJar();
  }

  // Resolves to the URL that opens the app; like the operating system, it never requests that URL.
  async openAuthSession(url, redirectUri) {
    let visit = { url: new URL(url), method: 'GET', crossSite: false };
    for (let hop = 0; hop < MOST_HOPS; hop += 1) {
      const answer = await this.#load(visit);
      const next = nextVisit(visit, answer);
      if (opensApp(next.href, redirectUri)) return next.href;
      visit = next;
    }
    throw new Error(`${MOST_HOPS} redirects and still not back in the app; now at ${visit.url}`);
  }

  async #load(visit) {
    if (!/^https?:$/.test(visit.url.protocol)) {
      throw new Error(`a redirect left for ${visit.url}, which is not the app`);
    }
    const answer = await send(visit, this.#headers(visit));
    for (const cookie of answer.headers['set-cookie'] ?? []) this.jar.store(visit.url, cookie);
    return answer;
  }

  #headers(visit) {
    const headers = {
      'user-agent': this.userAgent,
      accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
      'accept-language': 'en',
      'sec-fetch-dest': 'document',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': siteOf(visit),
    };
    const cookie = this.jar.header(visit);
    if (cookie) headers.cookie = cookie;
    if (visit.origin) headers.origin = visit.origin;
    if (visit.body !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded';
    return headers;
  }
}

// node:http, because fetch marks every request as `sec-fetch-mode: cors`, which no navigation is.
async function send({ url, method, body }, headers) {
  const answer = await new Promise((resolve, reject) => {
    const { request } = url.protocol === 'https:' ? https : http;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    request(url, { method, headers, signal }, resolve).on('error', reject).end(body);
  });
  answer.setEncoding('utf8');
  let text = '';
  for await (const piece of answer) text += piece;
  return { status: answer.statusCode, headers: answer.headers, text };
}

function nextVisit(visit, answer) {
  if (answer.headers.location && answer.status >= 300 && answer.status < 400) {
    return redirected(visit, answer);
  }
  const isPage = answer.status === 200 && /^text\/html\b/.test(answer.headers['content-type']);
  const press = isPage && pressButton(answer.text, visit.url);
  if (!press) {
    throw new Error(`stuck at ${visit.url}: HTTP ${answer.status} ${textOf(answer.text)}`);
  }
  return guarded({
    ...press,
    page: visit.url,
    formActions: formActions(answer.headers['content-security-policy']),
    // The Fetch standard: under no-referrer a form says `Origin: null`, even at home.
    origin: answer.headers['referrer-policy'] === 'no-referrer' ? 'null' : visit.url.origin,
    crossSite: press.url.origin !== visit.url.origin,
  });
}

function redirected(visit, { status, headers }) {
  const { location } = headers;
  const url = new URL(location, visit.url);
  // The app gets the text as sent: URL would normalise it, and hide a redirect URI that was altered.
  const href = URL.canParse(location) ? location : url.href;
  // One foreign hop makes all that follows cross-site, as if the person had clicked at the provider.
  const crossSite = visit.crossSite || url.origin !== visit.url.origin;
  const kept = status === 307 || status === 308 ? {} : { method: 'GET', body: undefined, origin: undefined };
  return guarded({ ...visit, ...kept, url, href, crossSite });
}

// Chrome holds every redirect after a form to the page's form-action: 'self' alone never lets it return to the app.
function guarded(visit) {
  const { formActions: allowed, page, url } = visit;
  const fits = (source) => source === url.protocol || url.href.startsWith(source)
    || (source === "'self'" && url.origin === page.origin) || (source === '*' && url.protocol.startsWith('http'));
  if (allowed && !allowed.some(fits)) {
    throw new Error(`a browser stops the form of ${page} from going to ${url}: form-action ${allowed.join(' ')}`);
  }
  return { href: url.href, ...visit };
}

function siteOf({ crossSite, page }) {
  if (crossSite) return 'cross-site';
  return page ? 'same-origin' : 'none';
}

function opensApp(href, redirectUri) {
  return href.startsWith(redirectUri) && /^($|[?&#])/.test(href.slice(redirectUri.length));
}
