import { copyFile, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { inject } from 'vitest';
import { C1_DOT_CODES, dotOf } from '../../../domain/dots.ts';
import { HARDENED_NAME } from '../../../domain/registrar.ts';
import type { TestRuntime } from '../../support/runtime.ts';

/** What W1 leaves on the disk: the hardened registrar in the place of the old one, its other name, and the eight files. */
export async function stageC1({ paths }: TestRuntime): Promise<void> {
  const { buildFolder } = inject('testServer');
  const registrar = dotOf('DOT-REGISTER').bin;
  await rm(path.join(paths.bin, registrar));
  await copyFile(path.join(buildFolder, HARDENED_NAME), path.join(paths.bin, registrar));
  await symlink(registrar, path.join(paths.bin, HARDENED_NAME));
  const files = C1_DOT_CODES.map((code) => dotOf(code).bin);
  await Promise.all(files.map((file) => copyFile(path.join(buildFolder, file), path.join(paths.bin, file))));
}
