import { expect } from 'vitest';
import type { GrantOrder } from '../../../domain/grant.ts';
import { bind, deployHandler } from '../../dots/support/handler.ts';
import { approve, liveCode, must } from '../../dots/support/registrar.ts';
import { codeOf, createThrough, failure, failureOf, rowNamed } from '../../dots/support/rows.ts';
import { createTrial, type Trial } from '../../dots/support/trial.ts';
import { createC1Trial, HASH, MANIFEST } from '../../executor/support/c1-runtime.ts';
import type { BinResult } from '../../support/runtime.ts';

export const ISSUER = 'dot-c1-grant-issue';
export const EXECUTE = 'dot-apr-execute';
export const GRANTS = 'public.governance_build_authorization';
export const REQUESTS = 'public.apr_requests';
export const VOTES = 'public.apr_approvals';
export const CLAIMS = 'iu_core.claim';

/** W7's order: what the program sends, for the manifest of this runtime. */
export const ORDER: GrantOrder = {
  ...(rowNamed('grant-request').payload as unknown as GrantOrder),
  ...{ manifest_hash: HASH, action_set: MANIFEST.operations.map(({ operation_code }) => operation_code) },
};

export interface AskOptions {
  readonly order?: unknown;
  readonly flags?: readonly string[];
  readonly owner?: string;
}

export function issueArgs({ order = ORDER, flags = [], owner = 'trial/grant-request' }: AskOptions = {}) {
  const { manifest_hash, owner: principal } = { ...ORDER, ...Object(order) } as GrantOrder;
  const line = `--cloud --step W7 --for ${owner} --manifest-hash ${String(manifest_hash)} --owner ${principal}`;
  return [...line.split(' '), ...flags];
}

export function authorizeArgs(...flags: readonly string[]): readonly string[] {
  return [...'--cloud --step W7 --for trial/grant --authorize DOT_C1_VOCAB_BUILD'.split(' '), ...flags];
}

/** A runtime on which the handler is deployed and bound, as it is before W7: each row made by its DOT. */
export class GrantTrial {
  readonly trial: Trial;

  /** @param contracts true for a runtime that has W4 and W5 as well, which a verification needs */
  static async create({ contracts = false } = {}): Promise<GrantTrial> {
    const trial = contracts ? await createC1Trial() : await createTrial();
    if (!contracts) await createThrough(trial, 'manifest-function');
    await deployHandler(trial.runtime);
    must(await bind(trial.runtime));
    return new GrantTrial(trial);
  }

  /** On a runtime that has all of it. */
  static of(trial: Trial): GrantTrial {
    return new GrantTrial(trial);
  }

  private constructor(trial: Trial) {
    this.trial = trial;
  }

  get runtime() {
    return this.trial.runtime;
  }

  readonly ask = (options: AskOptions = {}): Promise<BinResult> =>
    this.runtime.bin(ISSUER, issueArgs(options), { stdin: options.order ?? ORDER });

  /** Takes back what the resource has: the grant's where it was minted, the request's before. */
  readonly retire = (owner = 'trial/grant', flags: readonly string[] = []): Promise<BinResult> =>
    this.runtime.bin(ISSUER, ['--cloud', '--step', 'W7', '--for', owner, '--retire', ...flags]);

  readonly authorize = (...flags: readonly string[]): Promise<BinResult> =>
    this.runtime.bin(EXECUTE, authorizeArgs(...flags));

  readonly code = (): Promise<string> => liveCode(this.runtime, 'GRANT');

  readonly approve = (): Promise<void> => approve(this.runtime, 'GRANT');

  /** Proposed and approved by both owners. @returns its code */
  readonly approved = async (order: GrantOrder = ORDER): Promise<string> => {
    must(await this.ask({ order }));
    await this.approve();
    return this.code();
  };

  /** The same, and minted. */
  readonly minted = async (order: GrantOrder = ORDER): Promise<string> => {
    const code = await this.approved(order);
    must(await this.authorize());
    return code;
  };

  /** Nothing live is left, whatever a test did: its request is withdrawn, its grant revoked. */
  readonly clear = async (): Promise<void> => {
    for (const owner of ['trial/grant-request', 'trial/grant']) must(await this.retire(owner));
  };

  readonly count = (): Promise<number> => this.trial.value(`select count(*)::int as v from ${GRANTS}`);

  readonly grant = (code: string): Promise<Readonly<Record<string, unknown>>> =>
    this.trial.value(`select to_jsonb(g) as v from ${GRANTS} g where request_ref = $1`, [code]);

  readonly statusOf = (code: string): Promise<string> =>
    this.trial.value(`select status as v from ${REQUESTS} where apr_code = $1`, [code]);

  readonly grantStatus = (code: string): Promise<string> =>
    this.trial.value(`select status as v from ${GRANTS} where request_ref = $1`, [code]);

  /** Nothing but intents was written. */
  readonly unchanged = async (act: () => Promise<unknown>): Promise<void> => {
    const state = async () => [await this.count(), await this.trial.fingerprint({ intents: false })];
    const before = await state();
    await act();
    expect(await state()).toEqual(before);
  };

  readonly refused = async (code: string, act: () => Promise<BinResult>): Promise<string> => {
    let said = '';
    await this.unchanged(async () => {
      const answer = await act();
      said = answer.stderr;
      const exitCode = code.startsWith('HOLD') ? 3 : code.startsWith('ERROR') ? 1 : 4;
      expect([answer.stderr, failureOf(answer)]).toEqual([answer.stderr, failure(exitCode, code)]);
    });
    return said;
  };

  readonly taken = async (act: () => Promise<BinResult>, code = 'OK_APPLIED'): Promise<void> => {
    const answer = await act();
    expect([answer.stderr, codeOf(answer)]).toEqual([answer.stderr, code]);
  };

  /** Rows of a table are otherwise while `work` runs, put so by a superuser; then they are as they were. */
  readonly whileSo = async (table: string, change: string, where: string, work: () => Promise<void>): Promise<void> => {
    const kept = await this.trial.value<string>(
      `select jsonb_agg(to_jsonb(t))::text as v from ${table} t where ${where}`,
    );
    const rows = `jsonb_populate_recordset(null::${table}, $kept$${kept}$kept$)`;
    await this.trial.tamper([table], `update ${table} t set ${change} where ${where}`);
    try {
      await work();
    } finally {
      const columns = await this.trial.value<readonly string[]>(COLUMNS, [table]);
      const set = columns.map((name) => `${name} = o.${name}`).join(', ');
      const key = await this.trial.value<string>(KEY, [table]);
      await this.trial.tamper([table], `update ${table} t set ${set} from ${rows} o where ${key}`);
    }
  };

  readonly dispose = (): Promise<void> => this.trial.dispose();
}

const COLUMNS = `select array_agg(quote_ident(attname)) as v from pg_attribute
  where attrelid = $1::regclass and attnum > 0 and not attisdropped and attidentity = ''`;
const KEY = `select string_agg(format('t.%1$I = o.%1$I', a.attname), ' and ') as v from pg_index i
  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey) where i.indrelid = $1::regclass and i.indisprimary`;
