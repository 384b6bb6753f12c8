import { expect, test } from 'vitest';
import { allowedCommands } from '../../policy/rules/allowed-commands.ts';
import { deleteBeforeReplace } from '../../policy/rules/delete-before-replace.ts';
import { noAbsolutePath } from '../../policy/rules/no-absolute-path.ts';
import { noGuardSwitch } from '../../policy/rules/no-guard-switch.ts';
import { noTriggers } from '../../policy/rules/no-triggers.ts';
import { silentCommands } from '../../policy/rules/silent-commands.ts';
import { wholeLifecycle } from '../../policy/rules/whole-lifecycle.ts';
import { calling, command, component, DOT_FOLDER, seenBy } from './fixtures.ts';

const EXECUTOR_FOLDER = '.c1/opt/incomex/executor/bin';

test.each([
  ['a C1 DOT', calling('./dot-c1-contract-register --cloud')],
  ['a house DOT', calling('./dot-species-register --cloud')],
  ['the hardened registrar', command()],
  ['the reader', calling('./c1-reader gate --step W4', { dir: '.c1/bin' })],
  ['the rehearsal runner', calling('./c1-rehearse --step H3', { dir: '.c1/bin' })],
  ['the deploy', calling('./executor-deploy --cloud', { dir: EXECUTOR_FOLDER })],
  ['what is no command', component('c1:registry:DotTool', { create: 'psql' })],
])('a command may be %s', (_title, resource) => {
  expect(seenBy(allowedCommands, resource)).toBe('');
});

test.each([
  ['another program', calling('psql -c "delete from dot_tools"'), 'psql'],
  ['a frozen birth DOT', calling('./dot-birth-import --cloud', { dir: DOT_FOLDER }), 'dot-birth-import'],
  ['a program whose name only begins like one', calling('./dot-c1-preflight-x --cloud'), 'dot-c1-preflight-x'],
  ['a bin of another folder', calling('./dot-c1-preflight', { dir: '.c1/bin' }), 'in .c1/bin'],
  ['the reader among the DOTs', calling('./c1-reader gate --step W4'), 'c1-reader'],
  ['the deploy among the DOTs', calling('./executor-deploy --cloud'), 'executor-deploy'],
  ['a second command', calling('./dot-c1-preflight; rm -r x'), 'rm -r'],
  ['a substitution', calling('./dot-c1-preflight $(id)'), '$(id)'],
  ['a second line', calling('./dot-c1-preflight\nid'), 'id'],
  ['another program as delete only', command({ delete: 'true' }), 'delete of tool: true'],
  ['another program as update only', command({ update: './x' }), 'update of tool'],
  ['an interpreter', command({ interpreter: ['node', '-e'] }), 'interpreter'],
  ['an environment', command({ environment: { PATH: 'x' } }), 'environment'],
])('a command may not be or have %s', (_title, resource, seen) => {
  expect(seenBy(allowedCommands, resource)).toContain(seen);
});

test.each([
  ['--no-verify', 'create'],
  ['--no-quorum-check', 'create'],
  ['--force', 'delete'],
  ['--skip-readback=yes', 'update'],
])('%s in %s is a guard switch', (flag, input) => {
  expect(seenBy(noGuardSwitch, command({ [input]: `./dot-c1-preflight --cloud ${flag}` }))).toContain(input);
});

test('flags that only look like a guard switch are none', () => {
  expect(seenBy(noGuardSwitch, calling('./dot-x --cloud --note x --only --no'))).toContain('--no');
  expect(seenBy(noGuardSwitch, calling('./dot-x --cloud --note no-verify --node x --forced-by y'))).toBe('');
});

test.each([
  ['no create', command({ create: '', update: '' })],
  ['no update', command({ update: undefined })],
  ['another update than create', command({ update: './dot-c1-preflight --cloud' })],
  ['no delete', command({ delete: undefined })],
  ['a blank delete', command({ delete: '  ' })],
])('a command with %s has no whole lifecycle', (_title, resource) => {
  expect(seenBy(wholeLifecycle, resource)).toContain('tool with');
});

test('a command has its whole lifecycle with all three, and without a delete when it only reads', () => {
  expect(seenBy(wholeLifecycle, command())).toBe('');
  expect(seenBy(wholeLifecycle, command({ create: './dot-c1-preflight --cloud', delete: undefined }))).toBe('');
});

test('triggers are refused, an empty list as well', () => {
  expect(seenBy(noTriggers, command({ triggers: [] }))).toContain('triggers');
  expect(seenBy(noTriggers, command({ triggers: ['x'] }))).toContain('triggers');
  expect(seenBy(noTriggers, command())).toBe('');
});

test('a command without deleteBeforeReplace is refused; a component needs none', () => {
  expect(seenBy(deleteBeforeReplace, { ...command(), deleteBeforeReplace: false })).toContain('tool');
  expect(seenBy(deleteBeforeReplace, command())).toBe('');
  expect(seenBy(deleteBeforeReplace, component('c1:registry:DotTool'))).toBe('');
});

test.each([
  ['logged output', { logging: 'stdoutAndStderr' }],
  ['nothing said about logging', { logging: undefined }],
  ['its previous output', { addPreviousOutputInEnv: true }],
  ['nothing said about its previous output', { addPreviousOutputInEnv: undefined }],
])('a command with %s is refused', (_title, inputs) => {
  expect(seenBy(silentCommands, command(inputs))).toContain('tool');
  expect(seenBy(silentCommands, command())).toBe('');
});

test.each([
  ['a program by its absolute path', calling('/usr/bin/true')],
  ['an absolute flag value', calling('./dot-x --file /etc/passwd')],
  ['an absolute value after =', calling('./dot-x --file=/etc/passwd')],
  ['a home folder', calling('./dot-x --file ~/x')],
  ['a drive', calling('./dot-x --file C:/x')],
  ['a file address', calling('./dot-x --file file:x')],
  ['a way out', calling('./dot-x --file ../x')],
  ['an absolute folder', command({ dir: '/opt/incomex/dot/bin' })],
  ['a folder outside', command({ dir: '.c1/../../x' })],
  ['no folder', command({ dir: undefined })],
])('%s is no path in the checkout', (_title, resource) => {
  expect(seenBy(noAbsolutePath, resource)).not.toBe('');
});

test('relative paths and paths inside a payload are taken', () => {
  expect(seenBy(noAbsolutePath, calling('./dot-x --file migrations/a.sql --for dryrun/x'))).toBe('');
  expect(seenBy(noAbsolutePath, command({ stdin: '{"file_path":"/opt/incomex/dot/bin/x"}' }))).toBe('');
});
