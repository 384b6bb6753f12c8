import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { C1Error } from '../../domain/codes.ts';
import { evidenceOrder } from '../../domain/evidence/order.ts';
import { EVIDENCE_FOLDER } from '../../domain/evidence/record.ts';
import { EVIDENCE_ENVELOPE } from '../../domain/evidence/statement.ts';
import { LABEL_LINE } from '../../domain/label.ts';
import { parsePayload } from '../../domain/payloads.ts';
import { packageDigest } from '../../dots/evidence/folder.ts';
import { type RuntimeConfig, readRuntimeConfig } from '../../dots/kernel/connection.ts';
import { perform, runProgram } from '../../dots/kernel/program.ts';
import { keyFileOf, signersOf } from '../../dots/kernel/ssh.ts';
import { readStandardInput } from '../../dots/kernel/standard-input.ts';
import { collectEvidence } from './collect.ts';
import { type PackageFiles, packageOf, writePackage } from './package.ts';

/**
 * Makes the evidence package, beside c1-reader: no DOT, never staged, and no row of the runtime is changed. It signs with the
 * operator's key and writes one folder, `evidence/<stack>` of the runtime's folder.
 */
function main(): void {
  const command = new Command('c1-evidence')
    .description(`Makes the evidence package of step W9. Embedded runtime: ${LABEL_LINE}.`)
    .addHelpText('after', '\nExample:\n  $ ./c1-evidence < order.json')
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action(() => perform(makePackage));
  runProgram(command, 'the flags of --help');
}

async function makePackage(): Promise<object> {
  const home = dirname(dirname(realpathSync(process.argv[1] ?? '')));
  const dot = join(home, 'opt', 'incomex', 'dot');
  const order = parsePayload(evidenceOrder, await readStandardInput(), 'request');
  const config = readRuntimeConfig(join(dot, 'config', 'runtime.json'));
  const document = await collectEvidence(join(dot, 'bin'), order);
  const { stack } = document.readback.baseline;
  const files = packageOf(document, operatorKey(config));
  writePackage(join(home, EVIDENCE_FOLDER, stack), files);
  return answerOf(document.verdict, document.checks.length, document.readback.ledger.head, files);
}

/** What stands in the stack's state, and what evidence is held against later. */
function answerOf(verdict: string, checked: number, ledgerHead: string, files: PackageFiles): object {
  const envelope = files[EVIDENCE_ENVELOPE];
  if (envelope === undefined) throw new TypeError('a package without an envelope');
  return { code: 'OK_READ', verdict, checked, ledgerHead, digest: packageDigest(envelope), files: Object.keys(files) };
}

function operatorKey(config: RuntimeConfig): string {
  const file = keyFileOf(signersOf(config.secretsDir), config.operator);
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new C1Error(
      'REJECT_UNKNOWN_SIGNER',
      {
        seen: `no readable key of ${config.operator}`,
        expected: "the operator's Ed25519 key",
        next: 'npx c1 runtime start',
      },
      { cause },
    );
  }
}

main();
