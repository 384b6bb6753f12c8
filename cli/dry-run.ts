import { relative } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { AUTHORIZATION_KINDS, type AuthorizationKind } from '../domain/dry-run-authorization.ts';
import { stateDirOf } from '../runtime/paths.ts';
import { DRY_RUN_SIGNERS } from '../runtime/stand-in-keys.ts';
import { type DryRunEnd, dryRun, readStatement } from './dry-run/run.ts';
import { signStatement } from './dry-run/sign.ts';
import { STACK } from './engine.ts';
import { examples, print, printAnswer, terminalReporter } from './output.ts';
import { assertStateOfProgram } from './stack.ts';
import { writeGiven } from './written-file.ts';

interface RunFlags {
  readonly confirmation?: string;
  readonly authorization?: string;
  readonly stack: string;
  readonly json?: boolean;
}

interface SignFlags {
  readonly kind: AuthorizationKind;
  readonly as?: string;
  readonly key?: string;
  readonly validFor: number;
  readonly out: string;
  readonly stack: string;
  readonly json?: boolean;
}

const LONGEST_HOURS = 7 * 24;

/** `c1 dry-run`: what comes after HALT, and never by itself (readiness.md, "HALT, then the governed dry run"). */
export function addDryRun(program: Command): void {
  const command = program
    .command('dry-run')
    .description('make the one governed dry run that reviewer and owner authorized; it uses the grant')
    .option('--confirmation <file>', "the reviewer's signed confirmation")
    .option('--authorization <file>', "the owner's signed authorization")
    .option('--stack <name>', 'the stack whose evidence was signed', STACK)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        'npx c1 dry-run sign --kind reviewer_confirmation --out confirmation.json',
        'npx c1 dry-run sign --kind owner_authorization --out authorization.json',
        'npx c1 dry-run --confirmation confirmation.json --authorization authorization.json',
      ),
    )
    .action(async ({ confirmation, authorization, stack, json = false }: RunFlags) => {
      const stateDir = stateDirOf(process.env);
      assertStateOfProgram(stateDir);
      const say = (name: string) => void print(`❯ ${name}`, process.stderr);
      const given = [confirmation, authorization].filter((file) => file !== undefined);
      const report = { ...terminalReporter(json), say };
      const end = await dryRun(stateDir, { stack, authorizations: given.map(readStatement) }, report);
      await printAnswer({ text: textOf(end), json: jsonOf(end) }, json);
      if (end.failure !== null) throw end.failure;
    });
  addSign(command);
}

function addSign(command: Command): void {
  command
    .command('sign')
    .description("sign one of the two statements over the stack's evidence; read the evidence first")
    .addOption(new Option('--kind <kind>', 'what is signed').choices(AUTHORIZATION_KINDS).makeOptionMandatory())
    .option('--as <signer>', 'name of the allowed signers; the stand-in of that kind without it')
    .option('--key <file>', 'private SSH key to sign with; the key of the stand-in without it')
    .addOption(
      new Option('--valid-for <hours>', 'how long the statement is good').argParser(hoursOf).default(24, '24 hours'),
    )
    .requiredOption('--out <file>', 'where the signed statement is written')
    .option('--stack <name>', 'the stack whose evidence is signed', STACK)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        'npx c1 evidence verify .c1/evidence/dryrun --stack dryrun',
        'npx c1 dry-run sign --kind reviewer_confirmation --out confirmation.json',
        'npx c1 dry-run sign --kind owner_authorization --as owner_1 --key ~/.ssh/id_ed25519 --out authorization.json',
      ),
    )
    .action(async (_: unknown, own: Command) => {
      // `--stack` and `--json` are the parent's as well, which takes them first.
      const { kind, as, key, validFor, out, stack, json = false } = own.optsWithGlobals<SignFlags>();
      const stateDir = stateDirOf(process.env);
      assertStateOfProgram(stateDir);
      const signer = as ?? DRY_RUN_SIGNERS[kind];
      const signed = await signStatement(stateDir, { stack, kind, signer, keyFile: key ?? null, hours: validFor });
      writeGiven(out, `${JSON.stringify(signed, null, 2)}\n`);
      const { evidence_digest, expires_at } = signed.statement;
      const text = [`${kind} by ${signer} over evidence ${evidence_digest}, until ${expires_at}: ${out}`];
      await printAnswer({ text, json: { code: 'OK_APPLIED', file: out, ...signed.statement } }, json);
    });
}

function hoursOf(text: string): number {
  const hours = Number(text);
  if (/^\d{1,3}$/.test(text) && hours > 0 && hours <= LONGEST_HOURS) return hours;
  throw new InvalidArgumentError(`whole hours from 1 to ${LONGEST_HOURS} are expected.`);
}

function textOf({ document, folder }: DryRunEnd): readonly string[] {
  const { checks, verdict, result } = document;
  return [
    ...checks.map(({ name, outcome, checked, seen }) =>
      outcome === 'passed'
        ? `${name.padEnd(16)} passed, ${checked}: ${seen}`
        : `${name.padEnd(16)} ${outcome}: ${seen}`,
    ),
    `engineering ${result.engineering}`,
    `authority   ${result.authority}: ${result.authority_why}`,
    verdict,
    `its evidence: ${shown(folder)}, npx c1 evidence verify ${shown(folder)}`,
  ];
}

function jsonOf({ document, folder, failure }: DryRunEnd) {
  const { readback: _, ...said } = document;
  return { code: failure?.code ?? 'GOVERNED_C1_DRYRUN_EXECUTED', folder: shown(folder), ...said };
}

function shown(folder: string): string {
  return relative(process.cwd(), folder);
}
