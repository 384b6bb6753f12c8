import type { Client } from 'pg';
import { PLAN_QUORUM } from '../domain/approval/statement.ts';
import { digestOf } from '../domain/canonical.ts';
import { C1Error } from '../domain/codes.ts';
import { type BinDigests, install } from './install.ts';
import { type Migration, migrations } from './migrations.ts';

/** Whether a live runtime asks for owners' approval of each step, and of how many (review.md, "Approval"). */
export interface ApprovalRule {
  readonly approvals: 'required' | 'none';
  readonly quorum: number;
}

export const DEFAULT_RULE: ApprovalRule = { approvals: 'required', quorum: PLAN_QUORUM };

const NAME = '0095-approvals';

/**
 * What the live database is told once, when it is made: the template asks for none, because the disposable runtimes that
 * are copied from it come and go within a step.
 */
export function approvalMigration(rule: ApprovalRule): Migration {
  const settings = { approvals: rule.approvals, approval_quorum: String(rule.quorum) };
  return {
    name: NAME,
    sha256: digestOf(settings),
    apply: async (client) => {
      for (const [name, value] of Object.entries(settings)) {
        await client.query('select iu_core.put_setting($1, $2)', [name, value]);
      }
    },
  };
}

/** What was said on the command line, and what holds where a runtime that was told nothing was told nothing. */
export interface WantedRule {
  readonly said?: Partial<ApprovalRule>;
  readonly otherwise?: Partial<ApprovalRule>;
}

/**
 * The rule that a live database keeps: the one that it was made with; the wanted one where it was not told yet.
 *
 * @throws C1Error ERROR_CONFIG_INVALID when it was made with another one than what was said
 */
export async function ruleFor(client: Client, { said, otherwise }: WantedRule): Promise<ApprovalRule> {
  const told = await toldIn(client);
  if (told === null) return { ...DEFAULT_RULE, ...otherwise, ...said };
  const kept = { ...told, ...said };
  if (kept.approvals === told.approvals && kept.quorum === told.quorum) return told;
  throw new C1Error('ERROR_CONFIG_INVALID', {
    seen: `approvals ${kept.approvals}, quorum ${kept.quorum}`,
    expected: `${told.approvals} and ${told.quorum}, as this runtime was made`,
    next: 'npx c1 runtime reset --yes --approvals … --quorum …, which makes it anew',
  });
}

/** Tells a copy of the template that no start made, with the bins that it has, as a start tells the live database. */
export async function tellRule(client: Client, rule: ApprovalRule): Promise<void> {
  const { rows } = await client.query<{ bins: BinDigests }>('select iu_core.expected_bins() as bins');
  await install(client, [...(await migrations()), approvalMigration(rule)], rows[0]?.bins ?? {});
}

async function toldIn(client: Client): Promise<ApprovalRule | null> {
  const { rows } = await client.query<ApprovalRule>(
    `select (select s.value from iu_core.setting s where s.name = 'approvals') as approvals, iu_core.plan_quorum()::int as quorum
      where exists (select from iu_core.install i where i.migration = $1)`,
    [NAME],
  );
  return rows[0] ?? null;
}
