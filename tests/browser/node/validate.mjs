// Reads one page from standard input and prints what is wrong with its HTML, a line each.
import { text } from 'node:stream/consumers';
import { HtmlValidate, StaticConfigLoader } from 'html-validate';

const rules = new StaticConfigLoader({
  extends: ['html-validate:recommended', 'html-validate:a11y', 'html-validate:document'],
  rules: {
    'void-style': 'off', // <br> and <br/> are one element
    'no-trailing-whitespace': 'off', // what templates leave between elements
    'long-title': 'off', // an app's name is its own
    'doctype-style': 'off',
    'require-sri': 'off', // nothing foreign is loaded
    'form-dup-name': 'off', // several buttons of one name: the one pressed is sent
    'no-implicit-button-type': 'off', // a form's button submits
  },
});
const report = await new HtmlValidate(rules).validateString(await text(process.stdin));
for (const { messages } of report.results)
  for (const { ruleId, message, line } of messages) console.log(`${line} ${ruleId}: ${message}`);
