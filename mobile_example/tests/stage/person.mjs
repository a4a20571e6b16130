// What people do on the pages of a sign-in, told by what the pages are made of and not by their words.
import { randomBytes } from 'node:crypto';

export const somebody = () => `${randomBytes(5).toString('hex')}@example.com`;

// At the simulated provider.
export async function approve(page, email, { outcome = 'approve' } = {}) {
  await page.fill('input[name=email]', email);
  await press(page, `button[name=outcome][value=${outcome}]`);
}

// On the page before the app.
export async function returnToApp(page) {
  await press(page, 'form[action$="/continue"] button');
}

// On the page that asks whose an address is.
export async function keepApart(page) {
  await press(page, 'form[action$="/prove"] button[name=apart]');
}

// In a window of another app the broker may first advise the system's browser.
export async function stayInTheApp(page) {
  const stay = page.locator('a[href*="webview=continue"]');
  await stay.or(page.locator('input[name=email]')).first().waitFor();
  if (await stay.count() > 0) await stay.click();
}

// The click may lead to a scheme that the browser cannot open, and then no navigation ever ends.
async function press(page, selector) {
  const button = page.locator(selector).first();
  await button.waitFor();
  await button.evaluate((element) => element.click());
}

export function signsInAs(email) {
  return async (page) => {
    await approve(page, email);
    await returnToApp(page);
  };
}
