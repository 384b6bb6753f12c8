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

const BASH = { name: 'up', compares: '(pulumi up − engine floor) / bash runbook', limit: 1.3 } as const;
/** Names of the two sides whose commands do nothing. */
const TRIVIAL = { up: 'trivial up', bash: 'trivial bash' } as const;
const ANSIBLE = { name: 'up', compares: 'pulumi up / Ansible playbook', limit: 0.4 } as const;

/**
 * All built steps from nothing, three ways: `pulumi up --skip-preview` (a runbook has no preview either), a bash script and an Ansible playbook
 * that run the very same command lines with the very same payloads, one by one, in the order of the engine's plan,
 * c1-reader's open and gate included. Before each of them the owners approve the plan, which is nobody's time.
 *
 * The engine's floor is what the engine costs when no command does anything: `pulumi up` of the same resources with `true`
 * for every command, less a bash script of as many `true`.
 */
export async function measureUp({ lab, runs: rounds, say }: Bench): Promise<readonly Row[]> {
  say('the plan is read from the program');
  const program = await createProgram(lab, 'up');
  const resources = await plannedResources(program);
  const plan = await planOf(program);
  const lines = await runbookLines(program.folder, resources);
  const prepare = async () => {
    await program.reset();
    await approveAll(program, plan);
  };
  const floor = await floorSides(lab, resources, lines);
  say('Ansible is made ready');
  const play = await ansible(lab).catch((cause: unknown) => String(cause));
  const sides: Side[] = [{ name: 'up', run: () => upAll(program) }, await bashSide(program, lines)];
  if (typeof play !== 'string') sides.push(...(await ansibleSides(program, lines, play)));
  const proven = sides.map((side) => provesSame(program, { ...side, prepare }));
  const runs = await interleave([...proven, ...floor], rounds, say);
  const count = `${lines.length} commands, ${resources.length} resources`;
  return [bashRow(runs, count), ...(typeof play === 'string' ? [noAnsible(play)] : ansibleRows(runs, count))];
}

async function bashSide({ folder }: Program, lines: readonly RunbookLine[]): Promise<Side> {
  const file = await written(folder, 'runbook.sh', bashScript(lines));
  return { name: 'bash', run: () => timed(() => runOrThrow('bash', [file], { cwd: folder })) };
}

/** As it comes, and without the facts. A whole playbook takes half a minute, so that two tasks have to warm it up. */
async function ansibleSides(
  { folder }: Program,
  lines: readonly RunbookLine[],
  play: PlaybookRun,
): Promise<readonly Side[]> {
  const short = await written(folder, 'warm-up.yml', playbook(lines.slice(0, 2), folder));
  const side = async (name: string, facts: boolean): Promise<Side> => {
    const file = await written(folder, `${name}.yml`, playbook(lines, folder, facts));
    return { name, run: () => timed(() => play(file)), warmUp: () => play(short) };
  };
  return [await side('ansible', true), await side('ansible without facts', false)];
}

/** `up` of resources whose commands do nothing. */
async function floorSides(
  lab: Lab,
  resources: readonly PlannedResource[],
  lines: readonly RunbookLine[],
): Promise<readonly Side[]> {
  const project = await createBareProject(lab, 'floor', 'trivial.ts');
  await writeTrivial(project, resources);
  const nothing = lines.map(({ name }) => ({ name, folder: '.', line: "/bin/sh -c 'true'" }));
  const file = await written(project.folder, 'runbook.sh', bashScript(nothing));
  const up = () => timed(() => project.pulumiOrThrow(['up', '--yes', '--skip-preview']));
  const bash = () => timed(() => runOrThrow('bash', [file], { cwd: project.folder }));
  return [
    { name: TRIVIAL.up, prepare: project.emptyStack, run: up },
    { name: TRIVIAL.bash, run: bash },
  ];
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

function ansibleRows(runs: UpRuns, count: string): readonly Measured[] {
  const row = (side: string) => {
    const shown = { up: runs.up ?? [], [side]: runs[side] ?? [] };
    const value = leastOf(runs, 'up') / leastOf(runs, side);
    return { value, unit: 'times', figures: `${figuresOf(shown)}; ${count}`, runs: shown } as const;
  };
  const strict = { name: 'up', compares: 'the same / a playbook that gathers no facts', limit: null } as const;
  return [
    { kind: 'measured', ...ANSIBLE, ...row('ansible') },
    { kind: 'measured', ...strict, ...row('ansible without facts') },
  ];
}

function noAnsible(reason: string): NotMeasured {
  return { kind: 'not measured', ...ANSIBLE, reason };
}

function leastOf(runs: UpRuns, side: string): number {
  return least(runs[side] ?? []);
}
