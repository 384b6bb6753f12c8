import type { Bench, Row } from '../measurement.ts';
import { plannedResources } from '../planned-resources.ts';
import { createBareProject, createProgram, type Project } from '../project.ts';
import { duration, figuresOf, interleave, least, type Side, timed } from '../timing.ts';
import { writeTrivial } from '../trivial.ts';

/**
 * A preview of the whole program, nothing applied yet, against one of a program that only loads the same SDK: same CLI,
 * language host, Node, compile cache and environment. All are called as `npx pulumi` calls the CLI, without the
 * launcher's own start, which would be the same on both sides and so flatter the ratio.
 *
 * The third side shows how much of it is the engine's work for that many resources: the same ones, with nothing read and
 * nothing planned.
 */
export async function measurePreview({ lab, runs: rounds, say }: Bench): Promise<readonly Row[]> {
  say('three projects are made');
  const program = await createProgram(lab, 'preview');
  const empty = await createBareProject(lab, 'preview-empty', 'empty.ts');
  const trivial = await createBareProject(lab, 'preview-trivial', 'trivial.ts');
  await writeTrivial(trivial, await plannedResources(program));
  const sides = [side('preview', program), side('empty', empty), side('same resources', trivial)];
  return rowsOf(await interleave(sides, rounds, say));
}

type Name = 'preview' | 'empty' | 'same resources';

function side(name: Name, project: Project): Side & { readonly name: Name } {
  return { name, run: () => timed(() => project.pulumiOrThrow(['preview'])) };
}

function rowsOf(runs: Readonly<Record<Name, readonly number[]>>): readonly Row[] {
  const { preview, empty, 'same resources': trivial } = runs;
  const [whole, resources] = [least(preview), least(trivial)];
  return [
    {
      kind: 'measured',
      name: 'preview',
      compares: 'pulumi preview / of an empty program',
      value: whole / least(empty),
      unit: 'times',
      limit: 1.5,
      figures: figuresOf({ preview, empty }),
      runs: { preview, empty },
    },
    {
      kind: 'measured',
      name: 'preview',
      compares: 'the same / of the same resources, nothing read',
      value: whole / resources,
      unit: 'times',
      limit: null,
      figures: `preview ${duration(whole)}, same resources ${duration(resources)}`,
      runs: { preview, 'same resources': trivial },
    },
  ];
}
