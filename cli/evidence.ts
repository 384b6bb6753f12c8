import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { C1Error } from '../domain/codes.ts';
import { REVOKED_SIGNERS } from '../domain/dry-run-authorization.ts';
import { type VerifyKey, verifyKeyOf } from '../domain/evidence/keys.ts';
import { evidenceSigners } from '../domain/evidence/signers.ts';
import { DRY_RUN_KIND } from '../domain/evidence/statement.ts';
import { type Signers, signersOf } from '../dots/kernel/ssh.ts';
import { type DryRunVerification, verifyDryRun } from '../review/dry-run/verify.ts';
import type { Verified } from '../review/evidence/open.ts';
import { stackStateOf } from '../review/evidence/stack-state.ts';
import { type Verification, verifyPackage } from '../review/evidence/verify.ts';
import { stateDirOf, statePaths } from '../runtime/paths.ts';
import { examples, printAnswer } from './output.ts';

interface VerifyFlags {
  readonly key?: string | undefined;
  readonly allowedSigners?: string | undefined;
  readonly stack?: string;
  readonly state?: string;
  readonly json?: boolean;
}

/** `c1 evidence …`: the package that W9 writes (readiness.md, "Evidence package"). */
export function addEvidence(program: Command): void {
  const evidence = program
    .command('evidence')
    .description('the evidence package that step W9 writes')
    .addHelpText('after', examples('npx c1 evidence verify .c1/evidence/dryrun --stack dryrun'));
  evidence
    .command('verify')
    .argument('<folder>', 'the folder with evidence.json and evidence.dsse.json')
    .description('check an evidence folder without a network: signature, every file, the handbook chain, the counts')
    .option(
      '--key <file>',
      "the signer's public Ed25519 key, as OpenSSH or PEM writes it; got from him, not with the folder",
    )
    .option('--allowed-signers <file>', "who may sign, in ssh-keygen's format; the runtime's own list without it")
    .option('--stack <name>', 'the stack that it must be of')
    .option('--state <file>', "what 'npx pulumi stack export' printed: older evidence than this is refused")
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        'npx c1 evidence verify .c1/evidence/dryrun',
        'npx c1 evidence verify evidence --key operator.pub --stack dryrun',
        'npx pulumi stack export --file state.json && npx c1 evidence verify evidence --state state.json --json',
      ),
    )
    .action(async (folder: string, flags: VerifyFlags) => {
      const { key, allowedSigners, stack, state, json = false } = flags;
      const keys = signerKeys(flags);
      const isDryRun = existsSync(path.join(folder, DRY_RUN_KIND.envelope));
      if (isDryRun && state !== undefined) throw notOfDryRuns();
      const found = isDryRun
        ? verifyDryRun(folder, { keys, stack: stack ?? null, signers: authorizers(key, allowedSigners) })
        : verifyPackage(folder, {
            keys,
            stack: stack ?? null,
            state: state === undefined ? null : stackStateOf(readGiven(state)),
          });
      await printAnswer({ text: textOf(found), json: jsonOf(found) }, json);
    });
}

function notOfDryRuns(): C1Error {
  const seen = '--state with the evidence of a dry run';
  return new C1Error('ERROR_USAGE', {
    seen,
    expected: 'a dry run without it: the state of a stack knows nothing of it',
  });
}

/** Who may authorize a dry run: the list beside which the keys of evidence are looked up; a single key says nothing of it. */
function authorizers(key: string | undefined, allowedSigners: string | undefined): Signers | null {
  if (key !== undefined) return null;
  const { secrets } = statePaths(stateDirOf(process.env));
  if (allowedSigners === undefined) return signersOf(secrets);
  return path.basename(allowedSigners) === 'allowed_signers' ? { folder: path.dirname(allowedSigners) } : null;
}

/** Whose signature is taken: one key that was named, or everybody on a list. @throws C1Error HOLD_SIGNERS_MISSING, REJECT_UNKNOWN_SIGNER */
export function signerKeys({ key, allowedSigners }: Pick<VerifyFlags, 'key' | 'allowedSigners'>): readonly VerifyKey[] {
  return key === undefined ? signersIn(allowedSigners) : [verifyKeyOf(readGiven(key).toString('utf8'))];
}

/** Revoked keys are listed beside the allowed ones. */
function signersIn(given: string | undefined): readonly VerifyKey[] {
  const file = given ?? path.join(statePaths(stateDirOf(process.env)).secrets, 'ssh', 'allowed_signers');
  if (given === undefined && !existsSync(file)) {
    throw new C1Error('HOLD_SIGNERS_MISSING', {
      seen: 'neither --key nor --allowed-signers, and no runtime here that has a list',
      expected: 'the public key of who signed the evidence',
      next: 'npx c1 evidence verify <folder> --key <public key>',
    });
  }
  const revoked = path.join(path.dirname(file), REVOKED_SIGNERS);
  return evidenceSigners(
    readGiven(file).toString('utf8'),
    existsSync(revoked) ? readGiven(revoked).toString('utf8') : '',
  );
}

/** A file that somebody named. @throws C1Error ERROR_USAGE */
export function readGiven(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const seen = `no readable file ${path.basename(file)}`;
    throw new C1Error('ERROR_USAGE', { seen, expected: 'a file that can be read' }, { cause });
  }
}

type Found = Pick<Verification | DryRunVerification, 'digest' | 'signer' | 'statement' | 'verified'>;

function textOf({ digest, statement, verified }: Found): readonly string[] {
  return [...verified.map(lineOf), `digest of the package ${digest}`, statement.predicate.verdict];
}

function lineOf({ name, outcome, checked, seen }: Verified): string {
  return `${name.padEnd(15)} ${outcome === 'passed' ? `passed, ${checked}` : outcome}: ${seen}`;
}

function jsonOf({ digest, signer, statement, verified }: Found) {
  return { code: 'OK_READ', digest, signer, ...statement.predicate, verified };
}
