import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readApprovals } from '../../cli/review/approvals.ts';
import type { JudgedDecision } from '../../domain/approval/standing.ts';
import {
  APPROVAL_NAMESPACE,
  type DecisionOrder,
  type SignedApproval,
  statementFor,
} from '../../domain/approval/statement.ts';
import { keyFileOf, type Signers, sign } from '../../dots/kernel/ssh.ts';
import { standingsOf } from '../../review/plan/approval-view.ts';
import { makeKeys, signerLine } from '../../runtime/stand-in-keys.ts';
import { STACK } from '../review/support/plan.ts';
import { LATER, NOW, PLAN } from '../review/support/review.ts';

const OWNERS = ['voter_owner_1', 'voter_owner_2'];
const root = mkdtempSync(path.join(tmpdir(), 'c1-approvals-'));
const signers: Signers = { folder: path.join(root, 'ssh') };
const folder = path.join(root, 'approvals');
const own = path.join(folder, STACK);
const listed = path.join(signers.folder, 'allowed_signers');
let lines: readonly string[];
beforeAll(async () => {
  mkdirSync(signers.folder);
  await makeKeys(signers.folder, [...OWNERS, 'stranger']);
  lines = await Promise.all(OWNERS.map((name) => signerLine(signers.folder, name, name, APPROVAL_NAMESPACE)));
});
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(own, { recursive: true });
  writeFileSync(listed, `${lines.join('\n')}\n`);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function signed(
  approver: string,
  {
    key = approver,
    namespace = APPROVAL_NAMESPACE,
    ...order
  }: Partial<DecisionOrder> & { key?: string; namespace?: string } = {},
): SignedApproval {
  const statement = statementFor(PLAN, { approver, decision: 'approve', expires_at: LATER, steps: null, ...order });
  return { statement, signature: sign(statement, keyFileOf(signers, key), namespace), votes: [] };
}
const put = (name: string, value: unknown) =>
  writeFileSync(path.join(own, name), typeof value === 'string' ? value : JSON.stringify(value));
const read = (entered: readonly JudgedDecision[] | null = []) => readApprovals({ folder: own, signers, entered }, PLAN);
const missing = () => standingsOf(PLAN, read(), 2, NOW).find(({ step }) => step === 'W3')?.missing;

test('two owners who signed are two that hold, and no folder is no approval', () => {
  rmSync(folder, { recursive: true });
  expect([read(), missing()]).toEqual([[], 2]);
  mkdirSync(own, { recursive: true });
  for (const name of OWNERS) put(`${name}.json`, signed(name));
  expect(read().map(({ file, approver, holds, fault }) => ({ file, approver, holds, fault }))).toEqual(
    OWNERS.map((approver) => ({ file: `${approver}.json`, approver, holds: true, fault: null })),
  );
  expect(missing()).toBe(0);
});

test.each<readonly [string, string, () => unknown]>([
  [
    'altered after it was signed',
    'REJECT_APR_ALTERED',
    () => {
      const { signature } = signed('voter_owner_2', { steps: ['W2'] });
      return { ...signed('voter_owner_2', { steps: ['W3'] }), signature };
    },
  ],
  ['signed by a stranger', 'REJECT_UNKNOWN_SIGNER', () => signed('voter_owner_2', { key: 'stranger' })],
  [
    "signed with the other owner's key",
    'REJECT_UNKNOWN_SIGNER',
    () => signed('voter_owner_2', { key: 'voter_owner_1' }),
  ],
  ['signed for something else', 'REJECT_', () => signed('voter_owner_2', { namespace: 'c1-apr' })],
  ['no JSON', 'no signed decision', () => '{'],
  ['empty', 'no signed decision', () => ''],
  [
    'with a key twice',
    'no signed decision',
    () => JSON.stringify(signed('voter_owner_2')).replace('{', '{"signature":"x",'),
  ],
  ['of another shape', 'no signed decision', () => ({ ...signed('voter_owner_2'), more: 1 })],
])('a file that is %s is shown as that, and counts for nothing; made good it counts', (_, fault, spoilt) => {
  put('1.json', signed('voter_owner_1'));
  put('2.json', spoilt());
  expect(read().map(({ file, holds }) => [file, holds])).toEqual([
    ['1.json', true],
    ['2.json', false],
  ]);
  expect(read()[1]?.fault).toContain(fault);
  expect(missing()).toBe(1);
  put('2.json', signed('voter_owner_2'));
  expect(read()[1]).toMatchObject({ holds: true, fault: null });
  expect(missing()).toBe(0);
});

test('a file or a folder that cannot be opened is shown as that, and so is a list without the signer', () => {
  for (const name of OWNERS) put(`${name}.json`, signed(name));
  mkdirSync(path.join(own, '3.json'));
  expect(read()[0]).toMatchObject({
    file: '3.json',
    holds: false,
    fault: expect.stringContaining('no readable 3.json'),
  });
  rmSync(own, { recursive: true });
  writeFileSync(own, 'no folder');
  expect(read()).toEqual([
    expect.objectContaining({ file: STACK, holds: false, fault: expect.stringContaining('ENOTDIR') }),
  ]);
  rmSync(own);
  mkdirSync(own);
  for (const name of OWNERS) put(`${name}.json`, signed(name));
  expect(missing()).toBe(0);
  writeFileSync(listed, `${lines[0]}\n`);
  expect(missing()).toBe(1);
  writeFileSync(listed, '');
  expect(read()[0]?.fault).toContain('HOLD_SIGNERS_MISSING');
});

test('what owners entered in the runtime is told from what is only kept, and stands there without a file as well', () => {
  const [one, two] = [signed('voter_owner_1'), signed('voter_owner_2')];
  put('1.json', one);
  const inRuntime = ({ statement }: SignedApproval, fault: string | null = null): JudgedDecision => ({
    ...{ statement, isOver: false, spent: [], used: [], fault },
    fingerprint: fault === null ? 'SHA256:two' : null,
  });
  const found = (entered: readonly JudgedDecision[] | null) =>
    read(entered).map(({ file, approver, entered: is, holds }) => [file, approver, is, holds]);
  expect(found(null)).toEqual([['1.json', 'voter_owner_1', null, true]]);
  expect(found([])).toEqual([['1.json', 'voter_owner_1', false, true]]);
  expect(found([inRuntime(one), inRuntime(two)])).toEqual([
    ['1.json', 'voter_owner_1', true, true],
    [null, 'voter_owner_2', true, true],
  ]);
  expect(found([inRuntime(two, 'REJECT_SIGNER_REVOKED, x')])[1]).toEqual([null, 'voter_owner_2', true, false]);
});

test("an owner who signs with the operator's own key is no owner", async () => {
  await makeKeys(signers.folder, ['operator_1']);
  const operator = await signerLine(signers.folder, 'operator_1', 'operator_1');
  const asOwner = await signerLine(signers.folder, 'operator_1', 'voter_owner_2', APPROVAL_NAMESPACE);
  writeFileSync(listed, `${[...lines, operator, asOwner].join('\n')}\n`);
  put('1.json', signed('voter_owner_1'));
  put('2.json', signed('voter_owner_2', { key: 'operator_1' }));
  expect(read()[1]).toMatchObject({ holds: false, fault: expect.stringContaining("operator's own key") });
  put('2.json', signed('voter_owner_2'));
  expect(missing()).toBe(0);
});
