// `make test-mobile`: every step in its order, each counted. A test that was skipped, renamed away or not found is a failure.
import { run as runTests } from 'node:test';
import { spec } from 'node:test/reporters';
import { join, relative } from 'node:path';

import { run } from './stage/command.mjs';
import { HOME } from './stage/places.mjs';

const TEST_FILES = {
  'build/links.test.mjs': 7,
  'build/bundles.test.mjs': 3,
  'build/package.test.mjs': 6,
  'e2e/native.test.mjs': 23,
  'e2e/session.test.mjs': 14,
  'e2e/web.test.mjs': 11,
};
const JEST = { ios: 15, android: 15 };
const LONGEST = 240_000; // milliseconds for a file

const STEPS = [
  ['the SDK, by tsc', () => run('npx', ['tsc', '-p', 'src/sso'])],
  ['the app and the recipes, by tsc', () => run('npx', ['tsc', '--noEmit'])],
  ['jest, as iOS and Android', jest],
  ['bundles, package, links, end to end', nodeTests],
];

for (const [name, step] of STEPS) {
  const begun = Date.now();
  await step();
  console.log(`ok  ${((Date.now() - begun) / 1_000).toFixed(1).padStart(6)} s  ${name}`);
}

async function jest() {
  const told = JSON.parse(await run('npx', ['jest', '--ci', '--json']));
  const passed = told.testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === 'passed');
  const expected = JEST.ios + JEST.android;
  if (passed.length !== expected || told.numTotalTests !== expected) {
    throw new Error(`jest: ${passed.length} of ${told.numTotalTests} tests passed, and there should be ${expected}`);
  }
}

async function nodeTests() {
  const files = Object.keys(TEST_FILES).map((file) => join(HOME, 'tests', file));
  const passed = new Map();
  const failed = [];
  const stream = runTests({ files, concurrency: 1, timeout: LONGEST });
  stream.on('test:pass', ({ file, details, skip, todo }) => {
    if (details.type === 'suite' || skip !== undefined || todo !== undefined) return;
    const name = relative(join(HOME, 'tests'), file);
    passed.set(name, (passed.get(name) ?? 0) + 1);
  });
  stream.on('test:fail', ({ name }) => failed.push(name));
  for await (const text of stream.compose(new spec())) process.stdout.write(text);
  for (const [file, count] of Object.entries(TEST_FILES)) {
    if (passed.get(file) !== count) failed.push(`${file}: ${passed.get(file) ?? 0} tests passed, and there should be ${count}`);
  }
  if (failed.length > 0) throw new Error(failed.join('\n'));
}
