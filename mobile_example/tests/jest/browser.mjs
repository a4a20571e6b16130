// openAuthSessionAsync for jest: a browser of plain HTTP presses every button that it meets, as Ada. Prints the deep link.
import { openAuthSession } from '../../../tests/clients/node/browser.mjs';

const [url, redirectUri] = process.argv.slice(2);
console.log(await openAuthSession(url, redirectUri));
