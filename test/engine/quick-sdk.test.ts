import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { root } from '../../engine/root.mjs';

const QUICK = join(root, 'engine', 'quick-sdk.cjs');

/** What a script prints as JSON that was started as a Pulumi program is. */
async function printed(script: string, env: NodeJS.ProcessEnv = {}): Promise<unknown> {
  const { stdout } = await execa(
    process.execPath,
    ['--require', QUICK, '-e', `console.log(JSON.stringify(${script}))`],
    {
      cwd: root,
      env,
    },
  );
  return JSON.parse(stdout);
}

const LOADED =
  'Object.keys(require.cache).filter((file) => /opentelemetry.sdk|js-yaml|automation|node_modules.semver/.test(file)).length';
const TRACING = "require('./node_modules/@pulumi/pulumi/cmd/run/tracing.js')";

test('what a program does not use is not loaded', async () => {
  expect(await printed(`(${TRACING}, require('@pulumi/pulumi'), ${LOADED})`)).toBe(0);
});

test('the automation interface is there for whoever reaches for it', async () => {
  const script =
    "[typeof require('@pulumi/pulumi').automation.LocalWorkspace.create, 'automation' in require('@pulumi/pulumi')]";
  expect(await printed(script)).toEqual(['function', true]);
});

test('--tracing works as without it', async () => {
  const script = `((tracing) => {
    tracing.start('http://127.0.0.1:1/api/v2/spans');
    const span = tracing.newSpan('one');
    return [span.constructor.name, span.isRecording(), span.resource.attributes['service.name']];
  })(require('./node_modules/@pulumi/pulumi/cmd/run/tracing.js'))`;
  expect(await printed(script)).toEqual(['SpanImpl', true, 'nodejs-runtime']);
});

const TRACES = `((debuggable) => {
  const promise = Promise.resolve();
  debuggable.debuggablePromise(promise, 'one');
  return [promise._debugCtx, promise._debugStackTrace.split('\\n').length > 1, new Error('two').stack.split('\\n').length > 1];
})((require('@pulumi/pulumi'), require('./node_modules/@pulumi/pulumi/runtime/settings.js'), DEBUGGABLE))`;
const DEBUGGABLE = "require('module').createRequire(require.resolve('@pulumi/pulumi'))('./runtime/debuggable')";

test('promises have no stack traces of their own unless leaks are looked for; errors keep theirs', async () => {
  const script = TRACES.replace('DEBUGGABLE', DEBUGGABLE);
  expect(await printed(script)).toEqual(['one', false, true]);
  expect(await printed(script, { PULUMI_DEBUG_PROMISE_LEAKS: '1' })).toEqual(['one', true, true]);
});

/** How often the engine is asked for by one message of each kind: of debug and of info. */
const MESSAGES = `((inside) => {
  require('@pulumi/pulumi');
  const asked = [];
  inside('./runtime/settings').getEngine = () => { asked.push(1); };
  console.log = () => {};
  const askedBy = (say) => { const before = asked.length; say(); return asked.length - before; };
  const log = inside('./log');
  const found = [askedBy(() => log.debug('one')), askedBy(() => log.info('two'))];
  return found;
})(require('module').createRequire(require.resolve('@pulumi/pulumi')))`;

test('debug messages are left out unless they are asked for; all others are sent', async () => {
  const script = `((say) => { const found = ${MESSAGES}; console.log = say; return found; })(console.log)`;
  expect(await printed(script)).toEqual([0, 1]);
  expect(await printed(script, { C1_SDK_DEBUG: '1' })).toEqual([1, 1]);
});

test('a resource does not say where it was made, whatever is asked for; without the preload it does', async () => {
  const script = "require('@pulumi/pulumi').Resource.stackTrace(0).length > 0";
  expect(await printed(script)).toBe(false);
  expect(await printed(script, { PULUMI_DEBUG_PROMISE_LEAKS: '1', C1_SDK_DEBUG: '1' })).toBe(false);
  const { stdout } = await execa(process.execPath, ['-e', `console.log(${script})`], { cwd: root });
  expect(stdout).toBe('true');
});
