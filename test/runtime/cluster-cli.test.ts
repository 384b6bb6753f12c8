import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LABEL_LINE, STAGING_LABELS } from '../../domain/label.ts';
import { CHECKOUT } from '../../runtime/paths.ts';
import { runningPostmaster } from '../../runtime/postmaster.ts';
import { type StateFolder, stateFolder } from '../support/state-folder.ts';

let folder: StateFolder;
beforeAll(async () => {
  folder = await stateFolder('cli state');
  await folder.start();
});
afterAll(() => folder.dispose());

const ERROR_LINE = /^[A-Z0-9_]+: seen .+, expected .+\. Next: .+\.$/;

async function connectedAs(url: string): Promise<Record<string, unknown>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query('select current_user as login, current_setting($1) as read_only', [
      'transaction_read_only',
    ]);
    return rows[0];
  } finally {
    await client.end();
  }
}

describe('c1 runtime status', () => {
  it('says what runs and that all is as installed', async () => {
    const { exitCode, stdout } = await folder.c1(['runtime', 'status', '--json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{
        label: STAGING_LABELS,
        running: true,
        guards: 'as installed',
        changedBins: [],
        addedBins: [],
        code: 'OK_READ',
      },
      ...{ database: 'directus', pid: (await runningPostmaster(folder.paths.data))?.pid },
    });
  });

  it('prints the label for people too, without colours in a pipe', async () => {
    const { stdout } = await folder.c1(['runtime', 'status']);
    expect(stdout.split('\n').at(-1)).toBe(LABEL_LINE);
    expect(stdout).not.toContain('\u001b');
  });

  it('is a HOLD when a bin is not the one that was installed, until the next start', async () => {
    const place = path.join(folder.paths.bin, 'dot-species-register');
    await execa('sh', ['-c', 'rm "$1" && echo changed > "$1"', 'sh', place]);
    const seen = await folder.c1(['runtime', 'status']);
    expect(seen.exitCode).toBe(3);
    expect(seen.stderr).toMatch(/^HOLD_DOT_INTERFACE_MISMATCH: seen dot-species-register missing or changed/);
    expect((await folder.c1(['runtime', 'start'])).exitCode).toBe(0);
    expect((await folder.c1(['runtime', 'status'])).exitCode).toBe(0);
  });
});

describe('c1 runtime url', () => {
  it('connects as the auditor, who only reads, unless another role is named', async () => {
    const { stdout, stderr } = await folder.c1(['runtime', 'url']);
    expect(stderr).toBe(LABEL_LINE);
    expect(await connectedAs(stdout)).toEqual({ login: 'auditor_ro', read_only: 'on' });
    const dot = await folder.c1(['runtime', 'url', '--role', 'dot_species_register']);
    expect(await connectedAs(dot.stdout)).toEqual({ login: 'dot_species_register', read_only: 'off' });
  });

  it('refuses a role that is not there, with the list', async () => {
    const { exitCode, stdout, stderr } = await folder.c1(['runtime', 'url', '--role', 'c1_gateway']);
    expect([exitCode, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(/^ERROR_USAGE: seen role c1_gateway, expected one of auditor_ro, .*executor_ro/);
  });

  it('is the only command that prints a password', async () => {
    const password = (await readFile(path.join(folder.paths.secrets, 'auditor_ro'), 'utf8')).trim();
    expect((await folder.c1(['runtime', 'url'])).stdout).toContain(password);
    for (const words of [
      ['runtime', 'status', '--json'],
      ['runtime', 'start', '--json'],
      ['runtime', 'snapshot'],
      ['env'],
    ]) {
      const { exitCode, stdout, stderr } = await folder.c1(words);
      expect(exitCode, words.join(' ')).toBe(0);
      expect(stdout.length, words.join(' ')).toBeGreaterThan(0);
      expect(`${stdout}${stderr}`.includes(password), words.join(' ')).toBe(false);
    }
  });
});

describe('c1 runtime snapshot', () => {
  it('prints every live row as JSON, and the same lines again', async () => {
    const first = await folder.c1(['runtime', 'snapshot']);
    const lines = first.stdout.split('\n').map((line) => JSON.parse(line));
    const tools = lines.filter(({ surface }) => surface === 'dot_tools');
    expect(tools).toHaveLength(309);
    expect(Object.keys(tools[0].row)).not.toContain('id');
    expect(lines.map(({ surface, key }) => `${surface}\t${key}`)).toEqual(
      lines.map(({ surface, key }) => `${surface}\t${key}`).toSorted(),
    );
    expect((await folder.c1(['runtime', 'snapshot'])).stdout).toBe(first.stdout);
  });

  it('is the same on another runtime', async () => {
    const other = await stateFolder();
    try {
      await other.start();
      expect((await other.c1(['runtime', 'snapshot'])).stdout).toBe((await folder.c1(['runtime', 'snapshot'])).stdout);
    } finally {
      await other.dispose();
    }
  });
});

describe('c1 runtime reset', () => {
  it('asks for --yes, and then puts database and bins back while port and passwords stay', async () => {
    const url = (await folder.c1(['runtime', 'url'])).stdout;
    const before = (await folder.c1(['runtime', 'snapshot'])).stdout;
    await tamper();
    expect((await folder.c1(['runtime', 'status'])).exitCode).toBe(3);
    const asked = await folder.c1(['runtime', 'reset']);
    expect(asked.exitCode).toBe(64);
    expect(asked.stderr).toMatch(/^ERROR_USAGE: seen reset without --yes/);
    expect((await folder.c1(['runtime', 'snapshot'])).stdout).not.toBe(before);
    expect((await folder.c1(['runtime', 'reset', '--yes'])).exitCode).toBe(0);
    expect((await folder.c1(['runtime', 'snapshot'])).stdout).toBe(before);
    expect((await folder.c1(['runtime', 'status'])).exitCode).toBe(0);
    expect((await folder.c1(['runtime', 'url'])).stdout).toBe(url);
  });

  async function tamper(): Promise<void> {
    const client = new Client({ connectionString: (await folder.c1(['runtime', 'url', '--role', 'postgres'])).stdout });
    await client.connect();
    await client.query('set event_triggers = off');
    await client.query('alter table public.species disable trigger all');
    await client.query("update public.species set name = 'forged' where code = 'folder'");
    await client.end();
  }
});

describe('c1 env', () => {
  it('gives a shell what plain pulumi needs, the password from its file', async () => {
    const { stdout } = await folder.c1(['env']);
    expect(stdout).toMatch(/^export PULUMI_HOME='/m);
    const shell = await execa('sh', ['-c', `${stdout}\nprintf '%s %s %s' "$PGUSER" "$PGPORT" "$PGPASSWORD"`]);
    const password = (await readFile(path.join(folder.paths.secrets, 'auditor_ro'), 'utf8')).trim();
    expect(shell.stdout).toBe(`auditor_ro ${(await runningPostmaster(folder.paths.data))?.port} ${password}`);
  });
});

describe('the command line', () => {
  it.each([
    [['runtme'], /unknown command 'runtme' \(Did you mean runtime\?\)/],
    [['runtime', 'strat'], /unknown command 'strat' \(Did you mean start\?\)/],
    [['runtime', 'start', '--nwe-port'], /unknown option '--nwe-port' \(Did you mean --new-port\?\)/],
    [['runtime'], /no subcommand/],
  ])('refuses %j as usage, with a suggestion and no stack', async (words, message) => {
    const { exitCode, stdout, stderr } = await folder.c1(words);
    expect([exitCode, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(ERROR_LINE);
  });

  it.each([[['--help']], [['runtime', '--help']], [['runtime', 'start', '--help']], [['env', '--help']], [[]]])(
    'explains itself with %j',
    async (words) => {
      const { exitCode, stdout } = await folder.c1(words);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^Usage: c1/);
    },
  );

  it('shows a stack only with --debug', async () => {
    const words = ['runtime', 'url', '--role', 'nobody'];
    expect((await folder.c1(words)).stderr.split('\n')).toHaveLength(1);
    expect((await folder.c1(['--debug', ...words])).stderr).toMatch(/\n\s+at /);
  });

  it('ends quietly when its reader stops early', async () => {
    const script = `"${process.execPath}" "${path.join(CHECKOUT, 'cli/main.ts')}" runtime snapshot 2>"$0" | head -1`;
    const errors = path.join(folder.paths.state, 'errors');
    const { stdout } = await execa('sh', ['-c', script, errors], { env: { C1_STATE_DIR: folder.dir } });
    expect(JSON.parse(stdout).surface).toBe('admission_record');
    expect(await readFile(errors, 'utf8')).toBe(`${LABEL_LINE}\n`);
  });
});

describe('a runtime that does not run', () => {
  it('is named as such by every command that needs it', async () => {
    const other = await stateFolder();
    try {
      for (const words of [
        ['runtime', 'status'],
        ['runtime', 'url'],
        ['runtime', 'snapshot'],
      ]) {
        const { exitCode, stderr } = await other.c1(words);
        expect(exitCode, words.join(' ')).toBe(1);
        expect(stderr.split('\n').at(-1), words.join(' ')).toMatch(
          /^ERROR_RUNTIME_UNREACHABLE: .*Next: npx c1 runtime start\.$/,
        );
      }
      expect((await other.c1(['runtime', 'stop'])).exitCode).toBe(0);
    } finally {
      await other.dispose();
    }
  });
});
