// Just enough HTML and CSP to press the button of a page without scripts.

// The request of the first `<form method="post">`, as its first button sends it; undefined without such a form.
export function pressButton(html, pageUrl) {
  const found = /(<form\b[^>]*\bmethod\s*=\s*["']?post\b[^>]*>)([\s\S]*?)<\/form>/i.exec(html);
  if (!found) return undefined;
  const [, form, inside] = found;
  const url = new URL(attributes(form).action || pageUrl, pageUrl);
  return { url, method: 'POST', body: new URLSearchParams(fields(inside)).toString() };
}

// The allowed targets of a page's forms; undefined if it names none.
export function formActions(policy = '') {
  const directive = policy.split(';').map((part) => part.trim()).find((part) => /^form-action\s/.test(part));
  return directive?.split(/\s+/).slice(1);
}

// What a person reads, short enough for an error message.
export function textOf(html) {
  return decode(html.replace(/<(style|script)[\s\S]*?<\/\1>/gi, '').replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ').trim().slice(0, 400);
}

function fields(inside) {
  const controls = [...inside.matchAll(/<(?:input|button)\b[^>]*>/gi)].map(([tag]) => describe(tag));
  const pressed = controls.find(({ type }) => type === 'submit');
  return controls
    .filter((control) => control.name && (control === pressed || control.type === 'data'))
    .map(({ name, value }) => [name, value ?? '']);
}

function describe(tag) {
  const found = attributes(tag);
  const type = (found.type ?? (/^<button/i.test(tag) ? 'submit' : 'text')).toLowerCase();
  return { ...found, type: ['hidden', 'text', 'email'].includes(type) ? 'data' : type };
}

function attributes(tag) {
  const pairs = tag.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g);
  return Object.fromEntries([...pairs].map(([, name, a, b, c]) => [name.toLowerCase(), decode(a ?? b ?? c)]));
}

function decode(text) {
  const named = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) => {
    if (name) return named[name] ?? all;
    return String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal));
  });
}
