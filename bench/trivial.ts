import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlannedResource } from './planned-resources.ts';
import type { Project } from './project.ts';

/** Gives programs/trivial.ts its resources: every command does nothing. */
export function writeTrivial(project: Project, resources: readonly PlannedResource[]): Promise<void> {
  const trivial = resources.map(({ command, ...resource }) => ({
    ...resource,
    command: command === null ? null : { ...command, line: 'true' },
  }));
  return writeFile(join(project.folder, 'resources.json'), JSON.stringify(trivial));
}
