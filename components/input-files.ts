import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as z from 'zod/mini';
import { sha256Hex } from '../domain/canonical.ts';
import { C1Error } from '../domain/codes.ts';
import { EXECUTOR_FILES, type ExecutorBuild, executorBuild } from '../domain/executor.ts';
import { grantTerms } from '../domain/grant.ts';
import {
  admissionRow,
  birthRow,
  contractRow,
  dotToolRow,
  ownershipRow,
  parsePayload,
  speciesRow,
} from '../domain/payloads.ts';
import { type PlannedDeltas, parsePlannedDeltas } from '../domain/planned-deltas.ts';
import { type ReleasePayloads, release, releasePayloads } from '../domain/release.ts';
import type { StepPayloads } from '../domain/steps/payloads.ts';
import { parseJsonStrictly } from '../domain/strict-json.ts';

/**
 * Reads and validates the payload files of the program's folder.
 *
 * @throws C1Error ERROR_PAYLOAD_INVALID for a missing file, a duplicate, unknown or missing key, or a value not allowed
 */
export function readPayloadFiles(folder: string): StepPayloads {
  return {
    species: read(folder, 'species', speciesRow),
    births: read(folder, 'birth_records', z.array(birthRow)),
    admissions: read(folder, 'admission_records', z.array(admissionRow)),
    tools: read(folder, 'dot_tools_rows', z.array(dotToolRow)),
    contracts: read(folder, 'dot_agent_api_contract_rows', z.array(contractRow)),
    grant: read(folder, 'governance_build_authorization_grant', grantTerms),
    ownership: read(folder, 'governance_object_ownership', ownershipRow),
  };
}

/**
 * What the release folder of the DOT host brings: the patches of H1 and W1, the digests of the files to be staged and of
 * the governed migrations.
 *
 * @throws C1Error ERROR_RUNTIME_UNREACHABLE when there is none; ERROR_PAYLOAD_INVALID when its files are not what it says
 */
export function readRelease(folder: string): ReleasePayloads {
  const found = parsePayload(release, parseBrought(join(folder, 'release.json')), 'release');
  return releasePayloads(found, ({ file, sha256 }) => readPatch(join(folder, file), sha256));
}

function readPatch(file: string, sha256: string): Buffer {
  const content = readFileSync(file);
  if (sha256Hex(content) === sha256) return content;
  throw new C1Error('ERROR_PAYLOAD_INVALID', {
    seen: `${basename(file)} with SHA-256 ${sha256Hex(content)}`,
    expected: `${sha256}, as release.json says`,
    next: 'npx c1 runtime start, which brings the release again',
  });
}

/**
 * The executor's releases that a build brought into its folder.
 *
 * @throws C1Error ERROR_RUNTIME_UNREACHABLE when there is none; ERROR_PAYLOAD_INVALID
 */
export function readExecutorBuild(folder: string): { readonly executor: ExecutorBuild } {
  return { executor: parsePayload(executorBuild, parseBrought(join(folder, EXECUTOR_FILES.build)), 'executor') };
}

function parseBrought(file: string): unknown {
  try {
    return parseJsonStrictly(readFileSync(file));
  } catch (cause) {
    const seen = `no readable ${basename(file)} of a build`;
    throw new C1Error('ERROR_RUNTIME_UNREACHABLE', { seen, expected: 'one that a start brought' }, { cause });
  }
}

/**
 * Reads `planned-deltas.yaml`; YAML refuses a duplicate key by itself. Its parser is loaded here, while the runtime is
 * being read.
 *
 * @throws C1Error ERROR_PAYLOAD_INVALID
 */
export async function readPlannedDeltas(file: string): Promise<PlannedDeltas> {
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const seen = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new C1Error('ERROR_PAYLOAD_INVALID', { seen: `${file}: ${seen}`, expected: 'one YAML document' }, { cause });
  }
  return parsePlannedDeltas(value);
}

function read<T>(folder: string, name: string, schema: z.ZodMiniType<T>): T {
  const where = `payloads/${name}.json`;
  return parsePayload(schema, parseFile(join(folder, `${name}.json`), where), where);
}

function parseFile(file: string, where: string): unknown {
  try {
    return parseJsonStrictly(readFileSync(file));
  } catch (cause) {
    const seen = cause instanceof C1Error ? `${where}: ${cause.seen}` : `no readable ${where}`;
    throw new C1Error('ERROR_PAYLOAD_INVALID', { seen, expected: 'one JSON value' }, { cause });
  }
}
