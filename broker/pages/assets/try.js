// The app's side of a sign-in, as small as it gets (development only). The start page begins it, /try finishes it.
// Tokens stay in this page's memory: a reload forgets them. A real app keeps them in the system's secure storage.

const app = document.getElementById("app").dataset;
const redirectUri = `${app.issuer}/try`;
const STARTED = "sign-in-started";
let tokens;

if (document.getElementById("signed-in")) {
  onClick("userinfo", showUserinfo);
  onClick("refresh", refresh);
  onClick("revoke", revoke);
  attempt(finish);
} else {
  // sessionStorage and the CSP are bound to one origin: 127.0.0.1 will not do when the issuer says localhost.
  if (location.origin !== new URL(app.issuer).origin) location.replace(`${app.issuer}/`);
  for (const button of document.querySelectorAll("button[data-provider]")) {
    button.addEventListener("click", () => attempt(() => begin(button.dataset.provider)));
  }
}

async function begin(provider) {
  if (!crypto.subtle) throw new Error("The browser has cryptography only for https, localhost and 127.0.0.1.");
  const started = { state: random(), nonce: random(), verifier: random() };
  sessionStorage.setItem(STARTED, JSON.stringify(started));
  const request = new URLSearchParams({
    client_id: app.clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: "openid profile email offline_access",
    state: started.state,
    nonce: started.nonce,
    code_challenge: base64url(await sha256(started.verifier)),
    code_challenge_method: "S256",
  });
  if (provider) request.set("provider", provider);
  location.assign(`${app.issuer}/authorize?${request}`);
}

async function finish() {
  const answer = Object.fromEntries(new URLSearchParams(location.search));
  const started = JSON.parse(sessionStorage.getItem(STARTED));
  sessionStorage.removeItem(STARTED);
  history.replaceState(null, "", location.pathname); // a code in the address bar gets copied along
  show("What came to the redirect URI", answer);
  checkAnswer(answer, started);
  const received = await post("/token", {
    grant_type: "authorization_code",
    code: answer.code,
    redirect_uri: redirectUri,
    code_verifier: started.verifier,
  });
  if (claimsOf(received.id_token).nonce !== started.nonce) {
    throw new Error("The ID token's nonce is not the one this page sent.");
  }
  keep(received);
}

// State and issuer first: an error that somebody else made up is not the broker's refusal.
function checkAnswer(answer, started) {
  if (!started) throw new Error("No sign-in was started in this tab, or its answer was used already.");
  if (answer.state !== started.state) throw new Error("The state is not the one this page sent.");
  if (answer.iss !== app.issuer) throw new Error("The answer names another issuer.");
  if (answer.error) throw new Error(`${answer.error}: ${answer.error_description ?? ""}`);
}

// A refresh may leave out what did not change, so the newer answer is laid over the older.
function keep(received) {
  tokens = { ...tokens, ...received };
  show("Token response", tokens);
  show("Access token, decoded", claimsOf(tokens.access_token));
  if (tokens.id_token) show("ID token, decoded", claimsOf(tokens.id_token));
  document.getElementById("signed-in").hidden = false;
}

async function refresh() {
  keep(await post("/token", { grant_type: "refresh_token", refresh_token: tokens.refresh_token }));
}

async function revoke() {
  await post("/revoke", { token: tokens.refresh_token });
  show("Revoked", "The session has ended. Refresh is refused from now on.");
}

async function showUserinfo() {
  show("Userinfo", await call("/userinfo", { headers: { authorization: `Bearer ${tokens.access_token}` } }));
}

function post(path, fields) {
  return call(path, { method: "POST", body: new URLSearchParams({ client_id: app.clientId, ...fields }) });
}

async function call(path, options) {
  const answer = await fetch(app.issuer + path, options);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
  return text ? JSON.parse(text) : {};
}

function onClick(id, act) {
  document.getElementById(id).addEventListener("click", () => attempt(act));
}

async function attempt(act) {
  const problem = document.getElementById("problem");
  problem.textContent = "";
  try {
    await act();
  } catch (error) {
    problem.textContent = error.message;
  }
}

// Always as text: names and errors come from strangers.
function show(title, value) {
  const results = document.getElementById("results");
  const section = document.createElement("section");
  section.dataset.title = title;
  section.append(withText("h2", title), withText("pre", pretty(value)));
  const earlier = [...results.children].find((each) => each.dataset.title === title);
  if (earlier) earlier.replaceWith(section);
  else results.append(section);
}

function pretty(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function withText(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function claimsOf(jwt) {
  const payload = atob(jwt.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(payload, (letter) => letter.charCodeAt(0))));
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function sha256(text) {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}

function base64url(bytes) {
  const letters = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
