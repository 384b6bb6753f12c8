import type { Bench, Measured, Row, Runs } from '../measurement.ts';
import { plannedResources } from '../planned-resources.ts';
import { createBareProject, createPlainProject, createProgram, type Project } from '../project.ts';
import { figuresOf, interleave, least, type Side, timed } from '../timing.ts';
import { writeTrivial } from '../trivial.ts';

/**
 * A preview of the whole program, nothing applied yet, against one of an empty program as anybody has it: same CLI, SDK,
 * language host, Node, compile cache and environment, and nothing of ours. All are called as `npx pulumi` calls the CLI,
 * without the launcher's own start, which would be the same on both sides and so flatter the ratio.
 *
 * Two more sides explain it: the empty program with this product's quick start of the SDK (engine/quick-sdk.cjs), and the
 * engine's work for that many resources, with nothing read and nothing planned.
 */
export async function measurePreview({ lab, runs: rounds, say }: Bench): Promise<readonly Row[]> {
  say('four projects are made');
  const program = await createProgram(lab, 'preview');
  const empty = await createPlainProject(lab, 'preview-empty', 'empty.ts');
  const quick = await createBareProject(lab, 'preview-quick', 'empty.ts');
  const trivial = await createBareProject(lab, 'preview-trivial', 'trivial.ts');
  await writeTrivial(trivial, await plannedResources(program));
  const sides = [side('preview', program), side('empty', empty), side('quick', quick), side('resources', trivial)];
  return rowsOf(await interleave(sides, rounds, say));
}

type Name = 'preview' | 'empty' | 'quick' | 'resources';

function side(name: Name, project: Project): Side & { readonly name: Name } {
  return { name, run: () => timed(() => project.pulumiOrThrow(['preview'])) };
}

function rowsOf({ preview, empty, quick, resources }: Readonly<Record<Name, Runs>>): readonly Row[] {
  return [
    rowOf('pulumi preview / of an empty program', { preview, empty }, 1.5),
    rowOf("the same / of an empty one with this product's quick start of the SDK", { preview, quick }, null),
    rowOf('the same / of the same resources, nothing read', { preview, resources }, null),
  ];
}

/** The first side against the second. */
function rowOf(compares: string, runs: Readonly<Record<string, Runs>>, limit: number | null): Measured {
  const [one = [], other = []] = Object.values(runs);
  const value = least(one) / least(other);
  return { kind: 'measured', name: 'preview', compares, value, unit: 'times', limit, figures: figuresOf(runs), runs };
}
