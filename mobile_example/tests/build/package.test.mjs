// The SDK as a package: what `npm pack` makes can be installed, has its types and README, and the README's app type-checks.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { run } from '../stage/command.mjs';
import { HOME } from '../stage/places.mjs';

const SDK = join(HOME, 'src', 'sso');
const MOST_LINES = 10;
let consumer;

before(async () => {
  consumer = await mkdtemp(join(tmpdir(), 'consumer-'));
  const packed = JSON.parse(await run('npm', ['pack', '--json', '--pack-destination', consumer], { cwd: SDK }));
  await mkdir(join(consumer, 'node_modules', 'broker-sso'), { recursive: true });
  const archive = join(consumer, packed[0].filename);
  await run('tar', ['xzf', archive, '--strip-components=1', '-C', join(consumer, 'node_modules', 'broker-sso')]);
  for (const peer of ['react', 'react-native', '@types', 'react-native-webview', 'expo-web-browser']) {
    await symlink(join(HOME, 'node_modules', peer), join(consumer, 'node_modules', peer));
  }
});
after(() => rm(consumer, { recursive: true }));

const installed = (file) => readFile(join(consumer, 'node_modules', 'broker-sso', file), 'utf8');

async function example(tag) {
  const readme = await installed('README.md');
  return readme.split(`\`\`\`${tag}\n`).slice(1).map((part) => part.split('```')[0]);
}

async function typeCheck(file, source) {
  const options = { strict: true, noEmit: true, jsx: 'react-jsx', module: 'ESNext', moduleResolution: 'bundler', skipLibCheck: true };
  await writeFile(join(consumer, file), source);
  const compilerOptions = { ...options, lib: ['ES2022', 'DOM'], types: ['react'] };
  await writeFile(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
  return run(join(HOME, 'node_modules', '.bin', 'tsc'), ['-p', consumer]);
}

test('the package holds code, types and README, and nothing else', async () => {
  const files = await run('find', ['.', '-type', 'f'], { cwd: join(consumer, 'node_modules', 'broker-sso') });
  const kinds = new Set(files.trim().split('\n').map((file) => file.replace(/.*?((\.d)?\.\w+)$/, '$1')));
  assert.deepEqual([...kinds].sort(), ['.d.ts', '.js', '.json', '.md']);
  assert.ok(files.includes('./dist/index.d.ts') && !files.includes('./src/'));
});

test(`the README's shortest app has at most ${MOST_LINES} lines and type-checks against the installed package`, async () => {
  const [app] = await example('tsx');
  assert.ok(app.trim().split('\n').length <= MOST_LINES);
  await typeCheck('App.tsx', app);
});

test('the type check is one: the same app with a wrong word fails', async () => {
  const [app] = await example('tsx');
  await assert.rejects(typeCheck('Wrong.tsx', app.replace('user.name', 'user.nickname')), /nickname/);
});

test('the README\'s snippets for expo-router and the webview type-check too', async () => {
  const [, webview] = await example('tsx');
  const [, element] = /(<SSOWebView .*\/>)/.exec(webview);
  await typeCheck('Webview.tsx', `${webview.replace(/<SSOWebView.*/, '')}\nexport default () => ${element};`);
  const [intent] = await example('ts');
  await typeCheck('intent.ts', intent);
});

test('every error code is in the README\'s table, and none that there is not', async () => {
  const { ERRORS } = await import('broker-sso/core');
  const table = (await installed('README.md')).split('## Errors')[1].split('## Links')[0];
  const told = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) => cell.match(/\w+/g));
  assert.deepEqual(told.sort(), Object.keys(ERRORS).sort());
});

test('the core is free of every platform', async () => {
  const files = (await run('find', ['dist/core', '-name', '*.js'], { cwd: SDK })).trim().split('\n');
  for (const file of files) {
    const source = await readFile(join(SDK, file), 'utf8');
    assert.doesNotMatch(source, /from '(?!\.\/)|\b(window|document|localStorage|navigator)[.[]/, file);
  }
});
