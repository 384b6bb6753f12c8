import { CODES, type Code, exitCodeOf } from '../../domain/codes.ts';

const HEAD = `<!-- Printed by \`npx c1 docs\` from domain/codes.ts; do not edit. -->

# Outcome codes

Every answer of the program, of a bin, of the reader and of \`c1\` carries one of these codes. A message reads
\`CODE: seen …, expected …. Next: ….\` and names the thing, the value seen, the value expected and the next command.
HOLD: nothing wrong is proven, a person must act. REJECT: the request is refused for good.

| code | exit | what happened | next, where nothing better is said | from |
|---|---|---|---|---|
`;

export function codesPage(): string {
  const rows = (Object.keys(CODES) as Code[]).toSorted().map((code) => {
    const { meaning, remedy, from } = CODES[code];
    return `| \`${code}\` | ${exitCodeOf(code)} | ${meaning} | ${remedy} | ${from.join(', ')} |`;
  });
  return `${HEAD}${rows.join('\n')}\n`;
}
