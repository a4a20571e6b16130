// react-native-webview as Chromium: every navigation is asked about before it is made, as onShouldStartLoadWithRequest is.
export const ANDROID_WEBVIEW = 'Mozilla/5.0 (Linux; Android 15; Pixel 9 Build/AP4A.250205.002; wv) AppleWebKit/537.36 '
  + '(KHTML, like Gecko) Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36';

export function showWebView(context, browser, person) {
  return new Promise((resolve, reject) => {
    let page;
    const show = async () => {
      const visit = browser.current();
      if (visit === null) return page?.close().then(resolve);
      page = await context.newPage();
      page.on('response', (response) => {
        const { location } = response.headers();
        if (location !== undefined) visit.allow(new URL(location, response.url()).href);
      });
      await page.goto(visit.url);
      return person(page);
    };
    browser.subscribe(() => void show().catch(reject));
  });
}
