// The browser's cookies (RFC 6265bis), as strict as browsers are where a broker can get it wrong.

export class CookieJar {
  #cookies = new Map();

  store(url, header) {
    const cookie = parse(url, header);
    const key = [cookie.origin, cookie.path, cookie.name].join(' ');
    if (cookie.expired) this.#cookies.delete(key);
    else this.#cookies.set(key, cookie);
  }

  header({ url, method, crossSite }) {
    return [...this.#cookies.values()]
      .filter((cookie) => cookie.origin === url.origin && pathMatches(cookie.path, url.pathname))
      .filter((cookie) => !crossSite || travels(cookie.sameSite, method))
      .map((cookie) => `${cookie.name}=${cookie.value}`)
      .join('; ');
  }
}

function parse(url, header) {
  const [pair, ...rest] = header.split(';').map((part) => part.trim());
  const [name, value] = cut(pair);
  const attributes = Object.fromEntries(rest.map(cut).map(([key, text]) => [key.toLowerCase(), text]));
  refuse(name, attributes);
  return {
    // Real cookies ignore the port. Here each port plays another host, as broker and provider never share one.
    origin: url.origin,
    name,
    value,
    path: attributes.path || url.pathname.replace(/\/[^/]*$/, '') || '/',
    sameSite: (attributes.samesite ?? 'lax').toLowerCase(),
    expired: 'max-age' in attributes
      ? Number(attributes['max-age']) <= 0
      : Date.parse(attributes.expires ?? '') <= Date.now(),
  };
}

// Browsers drop such a cookie without a word; a test should hear of it.
function refuse(name, { secure, path, domain, samesite }) {
  const hostOnly = secure !== undefined && path === '/' && domain === undefined;
  if (name.startsWith('__Host-') && !hostOnly) {
    throw new Error(`a browser drops ${name}: __Host- demands Secure, Path=/ and no Domain`);
  }
  if (name.startsWith('__Secure-') && secure === undefined) {
    throw new Error(`a browser drops ${name}: __Secure- demands Secure`);
  }
  if (samesite?.toLowerCase() === 'none' && secure === undefined) {
    throw new Error(`a browser drops ${name}: SameSite=None demands Secure`);
  }
}

function travels(sameSite, method) {
  return sameSite === 'none' || (sameSite === 'lax' && method === 'GET');
}

function pathMatches(cookiePath, path) {
  return path === cookiePath || path.startsWith(cookiePath.replace(/\/?$/, '/'));
}

function cut(text) {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
