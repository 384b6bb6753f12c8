import type { Command } from 'commander';
import { EVIDENCE_FOLDER } from '../domain/evidence/record.ts';
import { verifyPackage } from '../review/evidence/verify.ts';
import { testReportOf } from '../review/packet/attacks.ts';
import { packetOf, packetPage } from '../review/packet/packet.ts';
import { stateDirOf, statePaths } from '../runtime/paths.ts';
import { currentEvidence } from './dry-run/evidence.ts';
import { STACK } from './engine.ts';
import { readGiven, signerKeys } from './evidence.ts';
import { examples, printAnswer } from './output.ts';
import { writeGiven } from './written-file.ts';

interface PacketFlags {
  readonly evidence?: string;
  readonly key?: string;
  readonly stack: string;
  readonly tests?: string;
  readonly out: string;
  readonly json?: boolean;
}

/** `c1 review-packet`: what the reviewer needs to rebuild every claim alone (readiness.md, "HALT"). */
export function addReviewPacket(program: Command): void {
  program
    .command('review-packet')
    .description(
      'write what the reviewer needs: claims with their commands, the checklist A1 to A18, what a real run would need',
    )
    .option(
      '--evidence <folder>',
      'the evidence folder; without it that of the stack here, which has to be as new as the stack',
    )
    .option('--key <file>', "the signer's public key; the runtime's list of allowed signers without it")
    .option('--stack <name>', 'the stack that the evidence must be of', STACK)
    .option('--tests <file>', "what vitest's JSON reporter wrote of the attack tests; without it they are not executed")
    .option('--out <file>', 'where to write it', 'review-packet.md')
    .option('--json', 'print it as one JSON document too')
    .addHelpText(
      'after',
      examples(
        'npx c1 review-packet',
        'npx c1 review-packet --evidence evidence --key operator.pub --tests attacks.json',
      ),
    )
    .action(async ({ evidence, key, stack, tests, out, json = false }: PacketFlags) => {
      const keys = signerKeys({ key });
      // What somebody brings is as old as he says; the stack's own is held against the stack.
      const verified =
        evidence === undefined
          ? await currentEvidence(statePaths(stateDirOf(process.env)), stack, keys)
          : verifyPackage(evidence, { keys, stack, state: null });
      const report = tests === undefined ? null : testReportOf(readGiven(tests).toString('utf8'));
      const packet = packetOf(verified, evidence ?? `.c1/${EVIDENCE_FOLDER}/${stack}`, report);
      writeGiven(out, packetPage(packet));
      const passed = packet.checklist.filter(({ outcome }) => outcome === 'passed').length;
      const text = [
        `${out}: ${packet.claims.length} claims, ${passed} of ${packet.checklist.length} lines passed`,
        packet.verdict,
      ];
      await printAnswer({ text, json: { code: 'OK_READ', ...packet } }, json);
    });
}
