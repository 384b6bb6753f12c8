import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { C1Error } from '../../domain/codes.ts';
import { type Deployment, EXECUTOR_FILES, type ExecutorRelease, parseDeployment } from '../../domain/executor.ts';

/** The folder of the executor: releases by the digest of their bytes, and which of them is in use. */
export interface ExecutorFolder {
  readonly root: string;
  /** `releases/<digest>/executor.cjs`; a release is never changed and never removed. */
  readonly releases: string;
  /** Link to the release that runs. */
  readonly current: string;
  /** What the last deploy was to bring, and whether it came to its end. */
  readonly deployed: string;
  /** What the last build brought, by name. */
  readonly build: string;
  /** The service's configuration but for release and port; that of what runs is made of it, beside it. */
  readonly config: string;
  /** Logs of what runs. */
  readonly run: string;
  readonly node: string;
}

export function executorFolder(root: string): ExecutorFolder {
  return {
    root,
    releases: join(root, EXECUTOR_FILES.releases),
    current: join(root, EXECUTOR_FILES.current),
    deployed: join(root, EXECUTOR_FILES.deployed),
    build: join(root, EXECUTOR_FILES.build),
    config: join(root, 'config', 'executor.json'),
    run: join(root, 'run'),
    node: join(root, 'lib', 'node'),
  };
}

export function bundleOf(folder: ExecutorFolder, digest: string): string {
  return join(folder.releases, digest, EXECUTOR_FILES.bundle);
}

/** @throws C1Error HOLD_EXECUTOR_RELEASE when there is no such release, or its bytes are others than its name says */
export function assertRelease(folder: ExecutorFolder, { name, digest }: ExecutorRelease): void {
  let bytes: Buffer;
  try {
    bytes = readFileSync(bundleOf(folder, digest));
  } catch (cause) {
    throw notThere(`no release ${digest}`, `the bundle of ${name}`, cause);
  }
  const seen = createHash('sha256').update(bytes).digest('hex');
  if (seen !== digest) throw notThere(`a bundle with SHA-256 ${seen}`, `${digest}, as its folder says`);
}

/** Digest of the release that the link names, the link itself where it leads elsewhere; null where nothing was ever deployed. @throws C1Error HOLD_EXECUTOR_RELEASE */
export function currentDigest(folder: ExecutorFolder): string | null {
  if (lstatSync(folder.current, { throwIfNoEntry: false }) === undefined) return null;
  try {
    const link = readlinkSync(folder.current);
    const digest = basename(link);
    return link === join(EXECUTOR_FILES.releases, digest) ? digest : link;
  } catch (cause) {
    throw notThere('something else than a link to the current release', 'a link', cause);
  }
}

/** Switches in one rename: at every moment the link names one whole release. */
export function switchTo(folder: ExecutorFolder, digest: string): void {
  const fresh = `${folder.current}.part`;
  rmSync(fresh, { force: true });
  symlinkSync(join(EXECUTOR_FILES.releases, digest), fresh);
  renameSync(fresh, folder.current);
}

/** Null where nothing was ever deployed. @throws C1Error HOLD_EXECUTOR_RELEASE for a record that cannot be read */
export function readDeployment(folder: ExecutorFolder): Deployment | null {
  let text: string;
  try {
    text = readFileSync(folder.deployed, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw notThere('a record of the last deploy that cannot be read', 'one that can', cause);
  }
  return parseDeployment(text);
}

export function writeDeployment(folder: ExecutorFolder, value: Deployment): void {
  const fresh = `${folder.deployed}.part`;
  writeFileSync(fresh, `${JSON.stringify(value)}\n`);
  renameSync(fresh, folder.deployed);
}

function notThere(seen: string, expected: string, cause?: unknown): C1Error {
  return new C1Error('HOLD_EXECUTOR_RELEASE', { seen, expected }, { cause });
}
