import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ansible, type PlaybookRun } from '../ansible.ts';
import { approveAll, planOf } from '../approval.ts';
import type { Lab } from '../lab.ts';
import type { Bench, Measured, NotMeasured, Row, Runs } from '../measurement.ts';
import { type PlannedResource, plannedResources } from '../planned-resources.ts';
import { runOrThrow } from '../process.ts';
import { createBareProject, createProgram, type Program } from '../project.ts';
import { bashScript, playbook, type RunbookLine, runbookLines } from '../runbook.ts';
import { duration, figuresOf, interleave, least, type Side, timed } from '../timing.ts';
import { writeTrivial } from '../trivial.ts';
import { upAll } from '../up-all.ts';

const BASH = { name: 'up', compares: '(pulumi up of W1–W9 − engine floor) / bash runbook', limit: 1.3 } as const;
const ANSIBLE = { name: 'up', compares: 'pulumi up of W1–W9 / Ansible playbook', limit: 0.4 } as const;
/** Baseline, handler and rehearsals as well: what has to be there before W1. */
const ALL = { name: 'up', compares: 'the same with all that comes before W1', limit: null } as const;
/** Names of the two sides whose commands do nothing. */
const TRIVIAL = { up: 'trivial up', bash: 'trivial bash' } as const;
/** Each is run to here before the clock starts for the rest. */
const BEFORE_W1 = 'PREWRITE';
const FIRST = 'w1-open';

/** What W1 needs, and W1 to W9. */
interface Halves<T> {
  readonly before: readonly T[];
  readonly rest: readonly T[];
}

/**
 * W1 to W9 from nothing, three ways: `pulumi up --skip-preview` (a runbook has no preview either), a bash script and an Ansible playbook
 * that run the very same command lines with the very same payloads, one by one, in the order of the engine's plan,
 * c1-reader's open and gate included. Before each of them the owners approve the plan, which is nobody's time, and the same
 * way brings what W1 needs, whose time the row without a limit adds.
 *
 * The engine's floor is what the engine costs when no command does anything: `pulumi up` of the same resources with `true`
 * for every command, less a bash script of as many `true`.
 */
export async function measureUp({ lab, runs: rounds, say }: Bench): Promise<readonly Row[]> {
  say('the plan is read from the program');
  const program = await createProgram(lab, 'up');
  const resources = await plannedResources(program);
  const plan = await planOf(program);
  const lines = halved(await runbookLines(program.folder, resources), ({ name }) => name.endsWith(`-${FIRST}`));
  const fresh = async () => {
    await program.reset();
    await approveAll(program, plan);
  };
  const floor = await floorSides(lab, resources, lines);
  say('Ansible is made ready');
  const play = await ansible(lab).catch((cause: unknown) => String(cause));
  const ways = [upWay(program), await bashWay(program, lines)];
  if (typeof play !== 'string') ways.push(await ansibleWay(program, lines, play));
  const before: Record<string, number[]> = {};
  const sides = ways.map((way) => provesSame(program, sideOf(way, fresh, before)));
  const runs = await interleave([...sides, ...floor], rounds, say);
  const count = `${lines.rest.length} of ${lines.before.length + lines.rest.length} commands, ${resources.length} resources`;
  return [bashRow(runs, count), ...(typeof play === 'string' ? [noAnsible(play)] : ansibleRows(runs, before, count))];
}

/** One way to run the commands; each half gives its milliseconds. */
interface Way {
  readonly name: string;
  readonly before: () => Promise<number>;
  readonly rest: () => Promise<number>;
}

/** The warm-up's own times are left out. */
function sideOf({ name, before, rest }: Way, fresh: () => Promise<void>, times: Record<string, number[]>): Side {
  let isWarm = false;
  const prepare = async () => {
    await fresh();
    const milliseconds = await before();
    times[name] = isWarm ? [...(times[name] ?? []), milliseconds] : [];
    isWarm = true;
  };
  return { name, prepare, run: rest };
}

function upWay(program: Program): Way {
  const before = async () => {
    await program.pulumiOrThrow(['config', 'set', 'c1:through', BEFORE_W1]);
    const milliseconds = await upAll(program);
    await program.pulumiOrThrow(['config', 'rm', 'c1:through']);
    return milliseconds;
  };
  return { name: 'up', before, rest: () => upAll(program) };
}

function bashWay(program: Program, lines: Halves<RunbookLine>): Promise<Way> {
  const { folder } = program;
  return scripted(program, lines, 'bash', {
    suffix: 'sh',
    text: bashScript,
    run: (file) => runOrThrow('bash', [file], { cwd: folder }),
  });
}

function ansibleWay(program: Program, lines: Halves<RunbookLine>, play: PlaybookRun): Promise<Way> {
  return scripted(program, lines, 'ansible', {
    suffix: 'yml',
    text: (half) => playbook(half, program.folder),
    run: play,
  });
}

interface Runner {
  readonly suffix: string;
  readonly text: (lines: readonly RunbookLine[]) => string;
  readonly run: (file: string) => Promise<unknown>;
}

/** One file for each half. */
async function scripted(
  { folder }: Program,
  { before, rest }: Halves<RunbookLine>,
  name: string,
  { suffix, text, run }: Runner,
): Promise<Way> {
  const half = async (which: string, lines: readonly RunbookLine[]) => {
    const file = await written(folder, `${which}.${suffix}`, text(lines));
    return () => timed(() => run(file));
  };
  return { name, before: await half('before', before), rest: await half('rest', rest) };
}

function halved<T>(all: readonly T[], isFirst: (one: T) => boolean): Halves<T> {
  const at = all.findIndex(isFirst);
  if (at < 1) throw new Error(`no ${FIRST} with something before it among ${all.length}`);
  return { before: all.slice(0, at), rest: all.slice(at) };
}

/** `up` of resources whose commands do nothing, with those there already that W1 needs. */
async function floorSides(
  lab: Lab,
  resources: readonly PlannedResource[],
  lines: Halves<RunbookLine>,
): Promise<readonly Side[]> {
  const project = await createBareProject(lab, 'floor', 'trivial.ts');
  const before = upTo(FIRST, resources);
  const nothing = lines.rest.map(({ name }) => ({ name, folder: '.', line: "/bin/sh -c 'true'" }));
  const file = await written(project.folder, 'runbook.sh', bashScript(nothing));
  const up = () => timed(() => project.pulumiOrThrow(['up', '--yes', '--skip-preview']));
  const prepare = async () => {
    await project.emptyStack();
    await writeTrivial(project, before);
    await up();
    await writeTrivial(project, resources);
  };
  const bash = () => timed(() => runOrThrow('bash', [file], { cwd: project.folder }));
  return [
    { name: TRIVIAL.up, prepare, run: up },
    { name: TRIVIAL.bash, run: bash },
  ];
}

/** The commands before that one, and what they are part of. */
function upTo(first: string, resources: readonly PlannedResource[]): readonly PlannedResource[] {
  const commands = resources.filter(({ command }) => command !== null);
  const { before } = halved(commands, ({ name }) => name === first);
  const byUrn = new Map(resources.map((one) => [one.urn, one]));
  const kept = new Set<PlannedResource>();
  for (const command of before) {
    for (let one: PlannedResource | undefined = command; one !== undefined; one = byUrn.get(one.parent ?? ''))
      kept.add(one);
  }
  return resources.filter((one) => kept.has(one));
}

async function written(folder: string, name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

const firstRows = new WeakMap<Program, string>();

/** Every way must leave the same live rows, or it was not the same work. */
function provesSame(program: Program, side: Side): Side {
  const run = async () => {
    const milliseconds = await side.run();
    const rows = await liveRows(program);
    const first = firstRows.get(program) ?? rows;
    firstRows.set(program, first);
    if (rows !== first) throw new Error(`${side.name} left other live rows than the first run`);
    return milliseconds;
  };
  return { ...side, run };
}

function liveRows(program: Program): Promise<string> {
  return program.superuser(async (client) => {
    const sql = `select count(*) || ' ' || md5(string_agg(line, '' order by line)) as digest from iu_core.live_snapshot() line`;
    return (await client.query<{ digest: string }>(sql)).rows[0]?.digest ?? '';
  });
}

type UpRuns = Readonly<Record<string, Runs>>;

function bashRow(runs: UpRuns, count: string): Measured {
  const floor = leastOf(runs, TRIVIAL.up) - leastOf(runs, TRIVIAL.bash);
  const value = (leastOf(runs, 'up') - floor) / leastOf(runs, 'bash');
  const shown = {
    up: runs.up ?? [],
    bash: runs.bash ?? [],
    [TRIVIAL.up]: runs[TRIVIAL.up] ?? [],
    [TRIVIAL.bash]: runs[TRIVIAL.bash] ?? [],
  };
  const figures = `${figuresOf(shown)}; floor ${duration(floor)}; ${count}`;
  return { kind: 'measured', ...BASH, value, unit: 'times', figures, runs: shown };
}

function ansibleRows(runs: UpRuns, before: UpRuns, count: string): readonly Measured[] {
  const { up = [], ansible = [] } = runs;
  const rest = { up, ansible };
  const all = { up: withBefore(up, before.up), ansible: withBefore(ansible, before.ansible) };
  return [
    { kind: 'measured', ...ANSIBLE, ...compared(rest, count) },
    { kind: 'measured', ...ALL, ...compared(all, count) },
  ];
}

function compared(shown: { readonly up: Runs; readonly ansible: Runs }, count: string) {
  const value = least(shown.up) / least(shown.ansible);
  return { value, unit: 'times', figures: `${figuresOf(shown)}; ${count}`, runs: shown } as const;
}

function withBefore(rest: Runs, before: Runs = []): Runs {
  return rest.map((milliseconds, at) => milliseconds + (before[at] ?? Number.NaN));
}

function noAnsible(reason: string): NotMeasured {
  return { kind: 'not measured', ...ANSIBLE, reason };
}

function leastOf(runs: UpRuns, side: string): number {
  return least(runs[side] ?? []);
}
