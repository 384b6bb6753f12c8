import * as z from 'zod/mini';
import { C1Error } from '../../domain/codes.ts';
import { assertMissingTools, C1_PREFIX, HARDENED_NAME, MOST_NEW } from '../../domain/registrar.ts';
import { type Ended, runInGroup } from './subprocess.ts';

const COMMAND = `./${HARDENED_NAME}`;
const ARGUMENTS = ['--cloud', '--only-prefix', C1_PREFIX, '--dry-run'];

const registrarAnswer = z.object({
  code: z.literal('OK_READ'),
  readback: z.object({ new: z.int().check(z.minimum(0), z.maximum(MOST_NEW)), files: z.array(z.string()) }),
});

/**
 * Runs the deployed registrar's dry run over everything of C1 and compares what it would register with what is missing
 * (steps.md, W4). A run that fails, hangs or says something else is a stop.
 *
 * @param live codes of the tool rows that are live
 * @param limitMs how long it may take
 * @returns how many things were compared
 * @throws C1Error C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED
 */
export async function assertRegistrar(folder: string, live: ReadonlySet<string>, limitMs: number): Promise<number> {
  const { readback } = parseAnswer(await dryRun(folder, limitMs));
  return assertMissingTools(readback.files, live);
}

function parseAnswer(text: string): z.infer<typeof registrarAnswer> {
  try {
    return registrarAnswer.parse(JSON.parse(text));
  } catch (cause) {
    throw failed('another answer than the list of new files', cause);
  }
}

async function dryRun(folder: string, limitMs: number): Promise<string> {
  let ended: Ended;
  try {
    ended = await runInGroup(COMMAND, ARGUMENTS, folder, limitMs);
  } catch (cause) {
    throw failed(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (ended.status === 0) return ended.stdout;
  throw failed(ended.stderr.trim() || `exit status ${ended.status}`);
}

function failed(seen: string, cause?: unknown): C1Error {
  return new C1Error(
    'C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED',
    {
      seen: `the registrar's dry run ended with ${seen}`,
      expected: 'the list of files that it takes for new',
      next: `${HARDENED_NAME} ${ARGUMENTS.join(' ')}, and see why`,
    },
    { cause },
  );
}
