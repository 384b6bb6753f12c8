import type { Verification } from '../evidence/verify.ts';
import { type ChecklistLine, checklist, type TestReport } from './attacks.ts';
import { type Claim, claimsOf, FOLLOW_ON } from './claims.ts';

/** Everything that the reviewer needs to rebuild each claim alone (readiness.md, "HALT"). */
export interface ReviewPacket {
  readonly label: readonly string[];
  readonly verdict: string;
  readonly stack: string;
  readonly evidence_digest: string;
  readonly engineering: string;
  readonly authority: string;
  readonly claims: readonly Claim[];
  readonly checklist: readonly ChecklistLine[];
  readonly follow_on: readonly string[];
}

/** @param folder the evidence as it was named. @param tests of the attacks; null where nobody ran them */
export function packetOf({ document, digest }: Verification, folder: string, tests: TestReport | null): ReviewPacket {
  const { label, verdict, result, readback } = document;
  return {
    ...{ label, verdict, stack: readback.baseline.stack, evidence_digest: digest },
    engineering: result.engineering,
    authority: `${result.authority}: ${result.authority_why}`,
    claims: claimsOf(document, folder),
    checklist: checklist(document, tests),
    follow_on: FOLLOW_ON,
  };
}

/** The packet for people. */
export function packetPage(packet: ReviewPacket): string {
  const open = packet.checklist.filter(({ outcome }) => outcome !== 'passed');
  return `# Review packet: C1, stack ${packet.stack}

${packet.label.length === 0 ? '' : `**REHEARSAL, no governed proof:** ${packet.label.join(' ')}\n`}
- Verdict to confirm: \`${packet.verdict}\`
- Engineering: ${packet.engineering}
- Authority: ${packet.authority}
- Evidence: \`${packet.evidence_digest}\` (\`sha256sum evidence.dsse.json\`); this digest is what a confirmation signs
- Checklist: ${packet.checklist.length - open.length} of ${packet.checklist.length} passed${open.length === 0 ? '' : `; not passed: ${open.map(({ id }) => id).join(', ')}`}

Do not trust this page. Each line names the command by which you see for yourself; the bins are in \`.c1/opt/incomex/dot/bin\`.

## Claims

| claim | in the evidence | see for yourself |
|---|---|---|
${packet.claims.map(({ claim, seen, command }) => `| ${cell(claim)} | ${cell(seen)} | \`${cell(command)}\` |`).join('\n')}

## Negative review A1 to A18

A line that was not executed is no pass: it has no count. Attacks are run by \`npx vitest run test/attacks test/authority test/dots/apr-signatures.test.ts
test/runtime/rehearsal.test.ts --reporter=json --outputFile=attacks.json\`, then \`npx c1 review-packet --tests attacks.json\`.

| | what must fail | result | looked at | repeat |
|---|---|---|---|---|
${packet.checklist.map(({ id, what, outcome, checked, repeat }) => `| ${id} | ${cell(what)} | ${outcome} | ${checked} | \`${cell(repeat)}\` |`).join('\n')}

## Not part of a dry run: what a real run would need

${packet.follow_on.map((line) => `- ${line}`).join('\n')}
`;
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
