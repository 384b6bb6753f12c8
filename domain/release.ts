import * as z from 'zod/mini';
import type { PatchOrder, PatchProposal } from './apr.ts';
import type { RuntimeManifest } from './decision/shapes.ts';
import { C1_DOT_CODES, dotOf } from './dots.ts';
import { EXECUTOR_C1, EXECUTOR_V1, type ExecutorBuild } from './executor.ts';
import { HANDLER_DOT, HANDLER_NAME, HANDLER_VERSION } from './handler.ts';
import { manifestOf } from './manifest.ts';
import { BIND_MIGRATION, migrationFile } from './migration.ts';
import type { PlannedDeltas } from './planned-deltas.ts';
import { HARDENED_NAME, HARDENED_VERSION, SCAN_FOLDER } from './registrar.ts';

/**
 * What a build of this program brings to the host, unstaged and by digest: the patches of `dot-apr-execute` and of the
 * registrar, the eight bins, and the governed migrations.
 */
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
export const release = z.strictObject({
  handler: patchFile(HANDLER_NAME),
  registrar: patchFile(HARDENED_NAME),
  staged: z.array(z.strictObject({ file: z.string(), dot_code: z.string(), sha256 })).check(z.length(8)),
  migrations: z.array(z.strictObject({ file: migrationFile, sha256 })).check(z.minLength(1)),
});
export type Release = z.infer<typeof release>;
export type PatchFile = Release['handler'] | Release['registrar'];

function patchFile<const N extends string>(name: N) {
  return z.strictObject({ file: z.literal(name), sha256, replaces: z.strictObject({ version: z.string(), sha256 }) });
}

/** A release whose digests nobody knows: for the pages that only print commands. */
export function blankRelease(): Release {
  const sha256 = '0'.repeat(64);
  const replaces = (code: 'DOT-310' | 'DOT-REGISTER') => ({ version: dotOf(code).version, sha256 });
  return {
    handler: { file: HANDLER_NAME, sha256, replaces: replaces('DOT-310') },
    registrar: { file: HARDENED_NAME, sha256, replaces: replaces('DOT-REGISTER') },
    migrations: [{ file: BIND_MIGRATION, sha256 }],
    staged: C1_DOT_CODES.map((code) => ({ file: dotOf(code).bin, dot_code: code, sha256 })),
  };
}

/** H1's request as it goes to standard input: the content by name and digest (seed 003, step 1). */
export function handlerOrder({ handler }: Release): PatchOrder {
  const { bin } = dotOf(HANDLER_DOT);
  return {
    dot_code: HANDLER_DOT,
    file_path: `${SCAN_FOLDER}/${bin}`,
    patch_mode: 'full_replace',
    session_code: 'S-C1-ABS-001',
    test_plan: [
      'node --check of the new file, under flock, before it is moved into place',
      `${bin} --version: ${HANDLER_VERSION}; the arm --authorize is there`,
      'patch, restore, dry run and every refusal answer as before: patch_ops regress OK',
      `${bin} --restore ${HANDLER_DOT}: the replaced file byte for byte`,
    ],
    version: HANDLER_VERSION,
    replaces: handler.replaces,
    alias: null,
    staged_files: [],
    content_file: handler.file,
    new_content_sha256: handler.sha256,
  };
}

/** W1's request as it goes to standard input: the content by name and digest. */
export function registrarOrder({ registrar, staged }: Release): PatchOrder {
  const { bin } = dotOf('DOT-REGISTER');
  return {
    dot_code: 'DOT-REGISTER',
    file_path: `${SCAN_FOLDER}/${bin}`,
    patch_mode: 'full_replace',
    session_code: 'S-C1-REG-001',
    test_plan: [
      'node --check of the new file, under flock, before it is moved into place',
      'dot-dot-register-c1-hardened --cloud --dry-run: 23 new, nothing written',
      'dot-dot-register-c1-hardened --cloud --only-prefix dot-c1- --dry-run: exactly the 8 staged DOTs',
      'dot-apr-execute --restore DOT-REGISTER: the replaced file byte for byte, the staged files gone',
    ],
    version: HARDENED_VERSION,
    replaces: registrar.replaces,
    alias: HARDENED_NAME,
    staged_files: staged,
    content_file: registrar.file,
    new_content_sha256: registrar.sha256,
  };
}

/** An order with the content itself, as the request's row will carry it. */
export function proposalOf(found: PatchOrder, content: Uint8Array): PatchProposal {
  const { content_file: _, new_content_sha256: __, ...order } = found;
  return { ...order, new_content_base64: Buffer.from(content).toString('base64') };
}

/** What W7 is bound to, and what W8 and W9 are said of: the manifest of the runtime, which grant and which evidence. */
export interface GrantBinding {
  readonly manifest: RuntimeManifest;
  /** `c1:grantGeneration`. */
  readonly generation: number;
  /** `c1:evidenceGeneration`. */
  readonly evidence: number;
}

/** Which grant and which evidence a stack asks for. */
export type Generations = Pick<GrantBinding, 'generation' | 'evidence'>;

/** A manifest that nobody has: for the pages that only print commands, and before the runtime is read. */
export function blankBinding(generations: Generations = { generation: 1, evidence: 1 }): GrantBinding {
  return {
    ...generations,
    manifest: { manifest: manifestOf([]), hash: '0'.repeat(64), since: '1970-01-01T00:00:00Z' },
  };
}

/** A plan of nothing: for the pages that only print commands, and before the file is read. */
export const BLANK_PLAN: PlannedDeltas = { steps: {} };

/** What a release has, with the two requests for its patches. */
export interface ReleasePayloads {
  readonly release: Release;
  /** W1's request. */
  readonly proposal: PatchProposal;
  /** H1's request. */
  readonly handlerProposal: PatchProposal;
}

/** @param read the content of a file of the release */
export function releasePayloads(found: Release, read: (file: PatchFile) => Uint8Array): ReleasePayloads {
  return {
    release: found,
    proposal: proposalOf(registrarOrder(found), read(found.registrar)),
    handlerProposal: proposalOf(handlerOrder(found), read(found.handler)),
  };
}

/** What a build brings: the payloads of H1, W1 and W6 that are no files of the program. */
export interface BuildPayloads extends ReleasePayloads {
  readonly executor: ExecutorBuild;
}

/** A build whose digests nobody knows: for the pages that only print commands. */
export function blankBuild(): BuildPayloads & { readonly binding: GrantBinding; readonly planned: PlannedDeltas } {
  const digest = '0'.repeat(64);
  return {
    ...releasePayloads(blankRelease(), () => Buffer.from('blank')),
    binding: blankBinding(),
    planned: BLANK_PLAN,
    executor: { v1: { name: EXECUTOR_V1, digest }, c1: { name: EXECUTOR_C1, digest } },
  };
}
