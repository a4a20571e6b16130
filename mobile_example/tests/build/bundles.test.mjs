// What Metro makes of the app: one web page, and Hermes bytecode for both phones, with the SDK in it.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';

import { run } from '../stage/command.mjs';
import { HOME } from '../stage/places.mjs';

const OF_THE_SDK = 'the answer belongs to no sign-in of this app';
const HERMES = Buffer.from('c61fbc03c103191f', 'hex');

async function files(folder, ending) {
  const all = await readdir(join(HOME, folder), { recursive: true });
  return all.filter((file) => file.endsWith(ending)).map((file) => join(HOME, folder, file));
}

test('the web version is one page and one bundle', async () => {
  await run('npx', ['expo', 'export', '--platform', 'web']);
  const [bundle, ...others] = await files('dist', '.js');
  assert.deepEqual(others, []);
  const source = await readFile(bundle, 'utf8');
  assert.ok(source.includes(OF_THE_SDK));
  assert.ok(!source.includes('/mobile_example/'), 'a path of this machine is in the bundle');
});

before(() => run('npx', ['expo', 'export', '--platform', 'android', '--platform', 'ios', '--output-dir', 'dist-native']));

for (const platform of ['android', 'ios']) {
  test(`${platform} gets Hermes bytecode with the SDK in it`, async () => {
    const bundles = (await files('dist-native', '.hbc')).filter((file) => file.includes(platform));
    assert.equal(bundles.length, 1);
    const bytecode = await readFile(bundles[0]);
    assert.ok(bytecode.subarray(0, 8).equals(HERMES));
    assert.ok(bytecode.includes(OF_THE_SDK));
  });
}
