// For apps that must stay in one window. Google, Meta and others refuse such windows (RFC 8252 section 8.12); prefer the
// system's browser.
export { SSOWebView } from './SSOWebView.js';
export { type Visit, type WebViewBrowser, webviewBrowser } from './browser.js';
