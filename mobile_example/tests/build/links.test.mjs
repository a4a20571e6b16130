// The deep links, as app.json tells them and the native projects get them: scheme, domains, verified links.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { run } from '../stage/command.mjs';
import { HOME } from '../stage/places.mjs';

const HOST = 'auth.example.com';

describe('what Expo will make of it', () => {
  let made;
  before(async () => {
    made = JSON.parse(await run('npx', ['expo', 'config', '--type', 'introspect', '--json']))._internal.modResults;
  });

  test('iOS: the scheme, and both kinds of domain', () => {
    const schemes = made.ios.infoPlist.CFBundleURLTypes.flatMap(({ CFBundleURLSchemes }) => CFBundleURLSchemes);
    assert.ok(schemes.includes('brokerexample'));
    const domains = made.ios.entitlements['com.apple.developer.associated-domains'];
    assert.deepEqual(domains, [`applinks:${HOST}`, `webcredentials:${HOST}`]);
  });

  test('iOS: sign-in with Apple', () => {
    assert.deepEqual(made.ios.entitlements['com.apple.developer.applesignin'], ['Default']);
  });

  test('Android: the scheme, and the verified link with its path alone', () => {
    const [activity] = made.android.manifest.manifest.application[0].activity;
    const filters = activity['intent-filter'].map((filter) => [
      filter.$?.['android:autoVerify'] ?? 'false',
      ...filter.data?.map(({ $ }) => Object.values($).join(' ')) ?? [],
    ]);
    assert.ok(filters.some(([, ...data]) => data.includes('brokerexample')), JSON.stringify(filters));
    assert.ok(filters.some((filter) => filter.join() === `true,https ${HOST} /app/callback`), JSON.stringify(filters));
  });
});

describe('the native projects', () => {
  let project;
  before(async () => {
    project = await mkdtemp(join(tmpdir(), 'prebuild-'));
    for (const file of ['app.json', 'package.json', 'index.ts', 'babel.config.js', 'app', 'recipes', 'src']) {
      await cp(join(HOME, file), join(project, file), { recursive: true });
    }
    await symlink(join(HOME, 'node_modules'), join(project, 'node_modules'));
    for (const platform of ['android', 'ios']) {
      await run('npx', ['expo', 'prebuild', '--platform', platform, '--no-install'], { cwd: project });
    }
  });
  after(() => rm(project, { recursive: true }));

  test('AndroidManifest.xml has one task, the scheme, and the verified link', async () => {
    const manifest = await readFile(join(project, 'android/app/src/main/AndroidManifest.xml'), 'utf8');
    assert.match(manifest, /android:launchMode="singleTask"/);
    assert.match(manifest, /<data android:scheme="brokerexample"\/>/);
    const link = `<data android:scheme="https" android:host="${HOST}" android:pathPrefix="/app/callback"/>`;
    assert.match(manifest, new RegExp(`<intent-filter android:autoVerify="true"[^]*?${link}`));
  });

  test('Android keeps the refresh token out of backups', async () => {
    const manifest = await readFile(join(project, 'android/app/src/main/AndroidManifest.xml'), 'utf8');
    assert.match(manifest, /secure_store_(backup|data_extraction)_rules/);
  });

  test('Info.plist and the entitlements have the same', async () => {
    const [app] = (await readdir(join(project, 'ios'))).filter((name) => name.endsWith('.xcodeproj'));
    const folder = join(project, 'ios', app.replace('.xcodeproj', ''));
    assert.match(await readFile(join(folder, 'Info.plist'), 'utf8'), /<string>brokerexample<\/string>/);
    const entitlements = (await readdir(folder)).find((name) => name.endsWith('.entitlements'));
    const text = await readFile(join(folder, entitlements), 'utf8');
    for (const domain of [`applinks:${HOST}`, `webcredentials:${HOST}`]) assert.ok(text.includes(domain));
  });
});

test('a native build links the webview, and not the package that a recipe alone needs', async () => {
  const linked = JSON.parse(await run('npx', ['expo-modules-autolinking', 'react-native-config', '--platform', 'android', '--json']));
  assert.deepEqual(Object.keys(linked.dependencies), ['expo', 'react-native-webview']);
});
