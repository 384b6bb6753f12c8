import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ansible, type PlaybookRun } from '../ansible.ts';
import { type Interlude, interludesOf } from '../interludes.ts';
import type { Lab } from '../lab.ts';
import type { Bench, Measured, NotMeasured, Row, Runs } from '../measurement.ts';
import { type PlannedResource, plannedResources } from '../planned-resources.ts';
import { runOrThrow } from '../process.ts';
import { createBareProject, createProgram, type Program, type Project } from '../project.ts';
import { bashScript, playbook, playParts, type RunbookPart, runbookParts } from '../runbook.ts';
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
 * c1-reader's open and gate included.
 *
 * The engine's floor is what the engine costs when no command does anything: `pulumi up` of the same resources with `true`
 * for every command, less a bash script of as many `true`.
 */
export async function measureUp({ lab, runs: rounds, say }: Bench): Promise<readonly Row[]> {
  say('the plan is read from the program');
  const program = await createProgram(lab, 'up');
  const resources = await plannedResources(program);
  const interludes = interludesOf(program);
  const parts = await runbookParts(program.folder, resources, interludes);
  const floor = await floorSides(lab, resources, parts, interludes);
  say('Ansible is made ready');
  const play = await ansible(lab).catch((cause: unknown) => String(cause));
  const sides: Side[] = [upSide(program, interludes), await bashSide(program, parts), ...floor];
  if (typeof play !== 'string') sides.push(...(await ansibleSides(program, parts, play)));
  const runs = await interleave(sides.map(provesSame(program)), rounds, say);
  const commands = parts.reduce((sum, { lines }) => sum + lines.length, 0);
  const count = `${commands} commands, ${resources.length} resources`;
  return [bashRow(runs, count), ...(typeof play === 'string' ? [noAnsible(play)] : ansibleRows(runs, count))];
}

function upSide(program: Program, interludes: readonly Interlude[]): Side {
  return { name: 'up', prepare: program.reset, run: () => upAll(program, interludes) };
}

async function bashSide(program: Program, parts: readonly RunbookPart[]): Promise<Side> {
  const files = await writeParts(program, parts, 'sh', ({ lines }) => bashScript(lines));
  const play = (at: number) => runOrThrow('bash', [files[at] ?? ''], { cwd: program.folder });
  return { name: 'bash', prepare: program.reset, run: () => playParts(program.folder, parts, play) };
}

/** As it comes, and without the facts. A whole playbook takes half a minute, so that two tasks have to warm it up. */
async function ansibleSides(
  program: Program,
  parts: readonly RunbookPart[],
  play: PlaybookRun,
): Promise<readonly Side[]> {
  const short = join(program.folder, 'warm-up.yml');
  await writeFile(short, playbook((parts[0]?.lines ?? []).slice(0, 2), program.folder));
  const side = async (name: string, facts: boolean): Promise<Side> => {
    const files = await writeParts(program, parts, `${name}.yml`, ({ lines }) =>
      playbook(lines, program.folder, facts),
    );
    const run = () => playParts(program.folder, parts, (at) => play(files[at] ?? ''));
    return { name, prepare: program.reset, run, warmUp: () => play(short) };
  };
  return [await side('ansible', true), await side('ansible without facts', false)];
}

/** @returns one file for each part */
function writeParts(
  { folder }: Program,
  parts: readonly RunbookPart[],
  extension: string,
  text: (part: RunbookPart) => string,
): Promise<readonly string[]> {
  return Promise.all(
    parts.map(async (part, at) => {
      const file = join(folder, `runbook-${at + 1}.${extension}`);
      await writeFile(file, text(part));
      return file;
    }),
  );
}

/** `up` of resources whose commands do nothing; it stops and starts again where the real one does. */
async function floorSides(
  lab: Lab,
  resources: readonly PlannedResource[],
  parts: readonly RunbookPart[],
  interludes: readonly Interlude[],
): Promise<readonly Side[]> {
  const project = await createBareProject(lab, 'floor', 'trivial.ts');
  const file = join(project.folder, 'runbook.sh');
  await writeFile(
    file,
    bashScript(
      parts.flatMap(({ lines }) => lines).map(({ name }) => ({ name, folder: '.', line: "/bin/sh -c 'true'" })),
    ),
  );
  const bash = () => timed(() => runOrThrow('bash', [file], { cwd: project.folder }));
  const stops = interludes.map(({ before }) => before);
  return [
    { name: TRIVIAL.up, prepare: project.emptyStack, run: () => timed(() => trivialUp(project, resources, stops)) },
    { name: TRIVIAL.bash, run: bash },
  ];
}

async function trivialUp(
  project: Project,
  resources: readonly PlannedResource[],
  stops: readonly string[],
): Promise<void> {
  for (const stop of stops) {
    await writeTrivial(project, resources, stop);
    const { exitCode } = await project.pulumi(['up', '--yes', '--skip-preview']);
    if (exitCode === 0) throw new Error(`the trivial program did not stop at ${stop}`);
  }
  await writeTrivial(project, resources);
  await project.pulumiOrThrow(['up', '--yes', '--skip-preview']);
}

/** Every way must leave the same live rows, or it was not the same work. */
function provesSame(program: Program): (side: Side) => Side {
  let first: string | null = null;
  return (side) => {
    if (side.prepare !== program.reset) return side;
    const run = async () => {
      const milliseconds = await side.run();
      const rows = await liveRows(program);
      first ??= rows;
      if (rows !== first) throw new Error(`${side.name} left other live rows than the first run`);
      return milliseconds;
    };
    return { ...side, run };
  };
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
