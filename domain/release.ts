import * as z from 'zod/mini';
import type { PatchOrder, PatchProposal } from './apr.ts';
import type { RuntimeManifest } from './decision/shapes.ts';
import { C1_DOT_CODES, dotOf } from './dots.ts';
import { EXECUTOR_C1, EXECUTOR_V1, type ExecutorBuild } from './executor.ts';
import { manifestOf } from './manifest.ts';
import { HARDENED_NAME, HARDENED_VERSION, SCAN_FOLDER } from './registrar.ts';

/** What a build of this program brings to the host, unstaged: the registrar's patch and the eight bins, by digest. */
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
export const release = z.strictObject({
  registrar: z.strictObject({
    file: z.literal(HARDENED_NAME),
    sha256,
    replaces: z.strictObject({ version: z.string(), sha256 }),
  }),
  staged: z.array(z.strictObject({ file: z.string(), dot_code: z.string(), sha256 })).check(z.length(8)),
});
export type Release = z.infer<typeof release>;

/** A release whose digests nobody knows: for the pages that only print commands. */
export function blankRelease(): Release {
  const sha256 = '0'.repeat(64);
  const { version } = dotOf('DOT-REGISTER');
  return {
    registrar: { file: HARDENED_NAME, sha256, replaces: { version, sha256 } },
    staged: C1_DOT_CODES.map((code) => ({ file: dotOf(code).bin, dot_code: code, sha256 })),
  };
}

const SESSION = 'S-C1-REG-001';

/** W1's request as it goes to standard input: the content by name and digest. */
export function registrarOrder({ registrar, staged }: Release): PatchOrder {
  const { bin } = dotOf('DOT-REGISTER');
  return {
    dot_code: 'DOT-REGISTER',
    file_path: `${SCAN_FOLDER}/${bin}`,
    patch_mode: 'full_replace',
    session_code: SESSION,
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

/** The same with the content itself, as the request's row will carry it. */
export function registrarProposal(found: Release, content: Uint8Array): PatchProposal {
  const { content_file: _, new_content_sha256: __, ...order } = registrarOrder(found);
  return { ...order, new_content_base64: Buffer.from(content).toString('base64') };
}

/** What W7 is bound to: the manifest of the runtime, and which grant the stack asks for. */
export interface GrantBinding {
  readonly manifest: RuntimeManifest;
  /** `c1:grantGeneration`. */
  readonly generation: number;
}

/** A manifest that nobody has: for the pages that only print commands, and before the runtime is read. */
export function blankBinding(generation = 1): GrantBinding {
  return { generation, manifest: { manifest: manifestOf([]), hash: '0'.repeat(64), since: '1970-01-01T00:00:00Z' } };
}

/** What a build brings: the payloads of W1 and W6 that are no files of the program. */
export interface BuildPayloads {
  readonly release: Release;
  readonly proposal: PatchProposal;
  readonly executor: ExecutorBuild;
}

/** A build whose digests nobody knows: for the pages that only print commands. */
export function blankBuild(): BuildPayloads & { readonly binding: GrantBinding } {
  const blank = blankRelease();
  const digest = '0'.repeat(64);
  return {
    release: blank,
    proposal: registrarProposal(blank, Buffer.from('blank')),
    binding: blankBinding(),
    executor: { v1: { name: EXECUTOR_V1, digest }, c1: { name: EXECUTOR_C1, digest } },
  };
}
