/**
 * The one registry of outcome codes (codes.md). `docs/codes.md` is generated from it.
 *
 * A message always names the thing, the value seen, the value expected and the next command; the registry holds what
 * the code means and the default remedy, the place that raises it adds what it saw.
 */
export type CodeKind = 'OK' | 'NOOP' | 'HOLD' | 'REJECT' | 'ERROR';

export interface CodeEntry {
  readonly kind: CodeKind;
  /** What happened, for a person who meets the code for the first time. */
  readonly meaning: string;
  /** The next thing to do when the place that raises it has nothing better to say. */
  readonly remedy: string;
  /** Where it can come from. */
  readonly from: readonly CodeOrigin[];
}

export type CodeOrigin =
  | 'program'
  | 'policy'
  | 'bin'
  | 'reader'
  | 'executor'
  | 'database'
  | 'cli'
  | 'runtime'
  | 'engine';

const EXIT_BY_KIND: Readonly<Record<CodeKind, number>> = { OK: 0, NOOP: 0, HOLD: 3, REJECT: 4, ERROR: 1 };
const EXIT_USAGE = 64;
/** As `diff` and `terraform plan -detailed-exitcode` say it: nothing failed, and it is not the same (review.md). */
const EXIT_DIFFERENT = 2;
const DIFFERENT: string = 'HOLD_PLAN_DIFFERENT';
const USAGE_CODES: ReadonlySet<string> = new Set(['ERROR_USAGE', 'ERROR_STACK_OTHER_PROJECT']);

export const CODES = {
  OK_APPLIED: ok('The change is committed and was read back.', ['bin']),
  OK_PLANNED: ok('A dry run: this is what a real run would change.', ['bin', 'cli']),
  OK_READ: ok('A read-only command gave its answer.', ['bin', 'reader']),
  OK_RETIRED: ok('Everything of the stack is taken back, and the journal has exactly the planned runs.', ['cli']),
  OK_RECOVERED: ok('What a killed engine left is cleared; the next up converges.', ['cli']),
  NOOP_ALREADY_THERE: noop('The row is already what it should be; nothing was written.', ['bin']),
  NOOP_NOT_OURS: noop('The row is not, or no longer, claimed by this resource; nothing was retired.', ['bin']),
  NOOP_NOTHING_TO_DO: noop(
    'The runtime is what the program declares: there is nothing to apply, and nothing to approve.',
    ['cli'],
  ),
  NOOP_NOTHING_TO_RECOVER: noop('No lock and no pending operation is left.', ['cli']),
  NOOP_CLAIM_MOVED: noop('The row is as it should be; only the claim moved to this resource.', ['bin']),

  C1_LEGO_PREWRITE_GATE_READY_FOR_OWNER_APPROVED_W1_W9: ok(
    'The runtime is what the first write expects: the owners may approve W1 to W9.',
    ['reader', 'cli'],
  ),

  GOVERNED_C1_DRYRUN_READY_FOR_CODEX_FINAL_CONFIRMATION: ok(
    'HALT: everything up to the governed dry run is there and proven; what comes next is for reviewer and owner.',
    ['reader', 'program', 'cli'],
  ),

  GOVERNED_C1_DRYRUN_EXECUTED: ok(
    'The governed dry run was made: every part of it passed, and the grant is used. Whether it counts is for the reviewer to say.',
    ['cli'],
  ),

  C1_DRYRUN_HOLD_REGISTRAR_EXECUTION_CHANNEL_MISSING: hold(
    'There is no way to run the governed registrar here: its bins, its logins or a database that can be written are missing.',
    'npx c1 runtime start',
    ['reader'],
  ),
  C1_LEGO_PLAN_HOLD_DOT_MANAGEMENT_LEDGER_NOT_UPDATED: hold(
    'A C1 tool row has no registration entry of its own in the handbook.',
    'find who wrote the row and take it out by its DOT; dot-dot-register-c1-hardened --only makes row and entry together',
    ['database', 'bin', 'reader', 'program'],
  ),
  C1_LEGO_PLAN_HOLD_REGISTRAR_DUPLICATE_DEFECT_UNRESOLVED: hold(
    'The registrar would register something else than the C1 DOTs that were asked for, or has registered one file twice.',
    'dot-dot-register-c1-hardened --cloud --only-prefix dot-c1- --dry-run, and look at its files',
    ['bin', 'reader', 'program'],
  ),
  C1_GRANT_ISSUER_HOLD_DOT_LIFECYCLE_INCOMPLETE: hold(
    'The DOT that asks for the grant lacks a part of its lifecycle: birth, admission, tool row, catalogue or handbook.',
    'npx pulumi up, which applies W2 and W4 first',
    ['reader'],
  ),
  HOLD_EVIDENCE_INCOMPLETE: hold(
    'A check of the evidence did not pass, was not executed, or looked at nothing.',
    'run the command that the check names, then npx pulumi up',
    ['cli', 'reader'],
  ),
  HOLD_EVIDENCE_MISSING: hold(
    'There is no evidence package for what is to be entered in the knowledge base, or it is another one.',
    'npx pulumi up, whose step W9 makes the package first; where W9 is applied, raise c1:evidenceGeneration before',
    ['bin', 'reader', 'cli'],
  ),
  HOLD_EVIDENCE_STALE: hold(
    "The evidence is older than the stack's state: something was applied after it was read.",
    'npx pulumi config set c1:evidenceGeneration <one more>, then npx pulumi up, which proves readiness and makes the package anew',
    ['cli', 'reader', 'program'],
  ),
  HOLD_NOT_AT_HALT: hold(
    'The stack is not declared through W9, after which HALT is.',
    'pulumi config rm c1:through, then npx pulumi up',
    ['program'],
  ),
  HOLD_ADMISSION_MISSING_OR_INVALID: hold(
    'A DOT is used before it was born, admitted and entered in the ledger.',
    'npx pulumi up, which applies W2 first',
    ['bin', 'database', 'executor'],
  ),
  HOLD_APR_AWAITING_QUORUM: hold(
    'The approval request has not enough valid approvals yet; everything applied so far stays.',
    'npx c1 apr show, then npx c1 apr approve by an owner, then npx pulumi up',
    ['bin', 'database'],
  ),
  HOLD_APR_EXPIRED: hold(
    'The approval request is past its expiry; no vote brings it back.',
    'npx pulumi up, which closes it and asks anew',
    ['bin', 'database'],
  ),
  HOLD_APR_MISSING: hold('There is no live approval request on this target.', 'npx pulumi up, which proposes it', [
    'bin',
    'program',
    'cli',
  ]),
  HOLD_APR_PENDING: hold(
    'Another approval request on the same target is live; two at once would be approved blindly.',
    'npx c1 apr list, then have the other one applied, denied or withdrawn',
    ['bin', 'database', 'program'],
  ),
  HOLD_BASELINE_MISSING: hold('No baseline is open, so that nothing can be proven unchanged.', 'npx pulumi up', [
    'reader',
    'program',
  ]),
  HOLD_BAD_INPUT_HARNESS: hold(
    'A bad input was answered otherwise than it must be, a good one was refused, or a case was left out.',
    'dot-c1-bad-input-harness --cloud --case <number> to see it again; nothing may run before all 24 hold',
    ['bin'],
  ),
  HOLD_CLAIMED_ELSEWHERE: hold(
    'The row is live and another stack claims it.',
    'ask the owner of that stack, or retire the row there',
    ['bin', 'program'],
  ),
  HOLD_CLOCK_BEHIND: hold(
    'The clock of the database is behind the last run that its journal knows, so that what is over would count again.',
    'set the clock right, then run the same command again',
    ['database'],
  ),
  HOLD_COUNTER_DRIFT: hold(
    'A surface is not what baseline and planned deltas add up to.',
    'npx c1 runtime snapshot, and find who wrote the row',
    ['bin', 'reader', 'program', 'cli', 'executor'],
  ),
  HOLD_CROSS_CHECK: hold(
    'The independent look-up through @pulumi/postgresql and our own snapshot disagree.',
    'npx c1 runtime status, then npx pulumi preview again',
    ['program'],
  ),
  HOLD_DOT_INTERFACE_MISMATCH: hold(
    'An installed bin is missing, cannot be run, or is not the file that was installed.',
    'npx c1 runtime start, which installs the bins again',
    ['reader', 'program'],
  ),
  HOLD_DRIFT: hold(
    'A governed row differs from what its DOT last wrote.',
    'find who changed it and put it back by its DOT',
    ['bin', 'program', 'reader', 'cli', 'executor'],
  ),
  HOLD_DRYRUN_NOT_AUTHORIZED: hold(
    'The dry run lacks one of the two signed authorizations, or one of them does not hold.',
    'npx c1 dry-run sign --kind reviewer_confirmation and --kind owner_authorization, each by its own signer, over the evidence',
    ['bin', 'executor', 'cli'],
  ),
  HOLD_ENDPOINT_MISSING: hold(
    'The contract names no endpoint, so that nobody is there to do a dry run.',
    'use the mode of the contract, or PLAN_ONLY',
    ['database', 'bin', 'executor'],
  ),
  HOLD_ENGINE_ALIVE: hold(
    'The engine that holds the lock of the stack runs, or nobody here can tell that it does not.',
    'wait for it to end, or end it, then npx c1 recover',
    ['cli'],
  ),
  HOLD_EXECUTE_BUSY: hold(
    'Another dot-apr-execute holds the lock of the DOT folder.',
    'wait for it to end, then run the same command again',
    ['bin'],
  ),
  HOLD_EXECUTOR_REGRESSION: hold(
    'A release of the executor answers KG otherwise than the one before, or does not answer C1 as it must; it is not in use.',
    'compare its answers with those of the release before, and build it again',
    ['executor', 'reader'],
  ),
  HOLD_EXECUTOR_RELEASE: hold(
    'A release of the executor is missing, or is not the file that its digest names.',
    'npx c1 runtime start, which brings the releases again',
    ['executor', 'reader', 'program'],
  ),
  HOLD_GRANT_LIVE: hold(
    'There is a live grant of C1; there is never a second one.',
    'use it, or revoke it: npx pulumi destroy, then npx pulumi up',
    ['bin', 'database'],
  ),
  HOLD_GUARD_CHANGED: hold(
    'A guard, a function body, an owner or a right is not what the last install left.',
    'compare iu_core.install with the database; npx c1 runtime reset --yes for a disposable runtime',
    ['reader', 'program'],
  ),
  HOLD_HANDLER_NOT_DEPLOYED: hold(
    'The handler that is to be bound is not deployed: no applied patch of dot-apr-execute has it.',
    'npx pulumi up, which applies H1 first',
    ['database'],
  ),
  HOLD_HANDLER_NOT_LOADED: hold(
    'The deployed dot-apr-execute does not answer as the version that has the handler.',
    'dot-apr-execute --version, and npx c1 runtime status',
    ['reader'],
  ),
  HOLD_HANDLER_UNDER_WRITES: hold(
    'The handler is to be applied under steps that come after it and are live already.',
    'npx pulumi destroy, then npx pulumi up, which goes in order',
    ['program'],
  ),
  HOLD_HANDLER_UNBOUND: hold(
    'No handler is bound to authorize_build_step, so nothing can mint a grant.',
    'npx pulumi up, which applies H1 to H4 first',
    ['bin', 'database', 'reader'],
  ),
  HOLD_INTERRUPTED: hold(
    'A signal ended the command while it ran; what was applied by then stays.',
    'npx c1 recover, then run the same command again',
    ['cli'],
  ),
  HOLD_LEDGER_CHAIN_BROKEN: hold(
    'The hash chain of dot_ledger does not add up.',
    'compare dot_ledger with the evidence; npx c1 runtime reset --yes for a disposable runtime',
    ['reader', 'program'],
  ),
  HOLD_MANIFEST_HASH_UNEXPECTED: hold(
    'The manifest has another hash than the one that was expected.',
    'find which row of apr_action_types changed, or expect the new hash',
    ['bin'],
  ),
  HOLD_MANIFEST_NOT_REPRODUCED: hold(
    'Node, PostgreSQL and the sha256sum program do not agree on the manifest hash, or one of them could not be asked.',
    'compare apr_action_types and c1.manifest_bytes() with the last install',
    ['bin', 'executor'],
  ),
  HOLD_OUTCOME_UNKNOWN: hold(
    'The command ended before the runtime said whether the change is committed.',
    'run the bin with --status <request-id>',
    ['bin', 'cli'],
  ),
  HOLD_NOT_SETTLED: hold(
    'The runtime holds what was written to it, and the program declares more or something else: changes are to come.',
    'npx c1 plan',
    ['cli'],
  ),
  HOLD_NOTHING_TO_APPROVE: hold(
    'The plan has no row to come: zero operations are nothing to do, never approved.',
    'npx c1 drift',
    ['cli'],
  ),
  HOLD_PLAN_DIFFERENT: hold(
    'The plan is not what planned-deltas.yaml, the preview of the engine or an earlier plan says; each row is named.',
    'read the rows; correct the program or planned-deltas.yaml, then npx c1 plan --check again',
    ['cli'],
  ),
  HOLD_PLAN_NOT_APPROVED: hold(
    'Not enough owners approved this step, or this very delta of it, or one of them denied it.',
    'npx c1 review, then npx c1 approve by each owner',
    ['database', 'bin', 'reader'],
  ),
  HOLD_PREFLIGHT_NOT_READY: hold(
    'One of the eight checks before a dry run does not hold.',
    'npx pulumi up, then dot-c1-preflight --cloud again',
    ['bin'],
  ),
  HOLD_PRESTATE_MOVED: hold(
    'The live rows are no longer the ones that were planned.',
    'npx pulumi preview, and approve the new plan',
    ['bin', 'database'],
  ),
  HOLD_REHEARSAL_FAILED: hold(
    'A fixture of the rehearsal was answered otherwise than it must be, or was left out; nothing may be bound.',
    'npx c1 rehearse --step H3 (or H6) to see it again; correct the handler, then npx pulumi up',
    ['runtime', 'cli'],
  ),
  HOLD_PREVIEW_DELTA_MISMATCH: hold(
    'The rows that are applied and the rows still to come do not add up to the planned deltas.',
    'compare planned-deltas.yaml with npx c1 runtime snapshot',
    ['program', 'reader', 'cli'],
  ),
  HOLD_RECOVER_BY_HAND: hold(
    'There is something to recover that this command cannot judge or cannot reach.',
    'npx pulumi cancel once the engine is known to be dead, then npx pulumi refresh --clear-pending-creates',
    ['cli'],
  ),
  HOLD_ROLLBACK_PATH: hold(
    'What is live could not be taken back as it must be: a retire path, its bin or its flag is missing, or it leaves something else.',
    'npx c1 runtime status; bring the bin back with npx c1 runtime start, then dot-c1-rollback-check --cloud again',
    ['bin', 'cli'],
  ),
  HOLD_ROW_MISSING: hold(
    "A resource is in Pulumi's state and its row is not live: somebody retired it elsewhere, or the runtime was reset.",
    'npx pulumi destroy, which retires nothing twice, then npx pulumi up',
    ['program'],
  ),
  HOLD_SIGNERS_MISSING: hold(
    'The list of allowed signers is missing or empty, so that no signature can be checked.',
    'bring allowed_signers back into the ssh folder of the secrets; npx c1 runtime start lists the stand-ins again',
    ['bin', 'cli'],
  ),
  HOLD_SPECIES_OWNED_BY_OTHER: hold(
    'The species exists and is not ours.',
    'choose with its owner which of the two species is to be renamed',
    ['bin', 'program'],
  ),
  HOLD_STACK_IN_USE: hold(
    'The stack or the runtime holds applied rows, which the demo would retire.',
    'npx pulumi destroy -s dryrun, then npm run demo',
    ['cli'],
  ),
  HOLD_STACK_LOCKED: hold(
    'Another engine works on the stack, or one that was killed left its lock.',
    'npx c1 recover, which tells the two apart',
    ['cli'],
  ),
  HOLD_STOPPING: hold(
    'The service is being stopped: what is under way is answered, and nothing new is taken.',
    'send the request again to a service that runs',
    ['executor'],
  ),
  HOLD_SURFACE_EXISTS: hold(
    'A schema, table or registry row that this step creates is there already, and is not ours.',
    'find who made it; nothing here adopts or overwrites it',
    ['bin', 'database', 'program'],
  ),
  HOLD_THROUGH_BELOW_APPLIED: hold(
    'c1:through is below the last applied step, which would retire rows.',
    'npx pulumi destroy to retire on purpose, or raise c1:through',
    ['program'],
  ),

  REJECT_EVIDENCE_ALTERED: reject(
    'A file of the evidence, or what was signed, is not what it was.',
    'get the folder again from who made it',
    ['cli', 'bin', 'reader'],
  ),
  REJECT_EVIDENCE_FILE_ADDED: reject(
    'The evidence folder has a file that nobody signed.',
    'take it out of the folder, or get the folder again from who made it',
    ['cli'],
  ),
  REJECT_EVIDENCE_FILE_MISSING: reject(
    'A file that was signed is not in the evidence folder.',
    'get the folder again from who made it',
    ['cli', 'bin', 'reader'],
  ),
  REJECT_EVIDENCE_MALFORMED: reject(
    'This is no evidence package: the envelope, the statement or the document has another shape.',
    'name a folder that step W9 wrote',
    ['cli', 'bin', 'reader'],
  ),
  REJECT_EVIDENCE_OTHER_STACK: reject(
    'The evidence is of another stack, or of another runtime.',
    'name the stack that it is of with --stack, or get the evidence of this one',
    ['cli'],
  ),
  REJECT_ACTION_SET_MISMATCH: reject(
    'The operations of manifest or grant are not those of the runtime.',
    'dot-c1-vocab-build --cloud --dry-run --manifest <file>, and use that manifest',
    ['bin', 'executor'],
  ),
  REJECT_APR_ALTERED: reject(
    'What was signed is not what is there: the request, a vote or a file that it names was altered or moved.',
    'npx c1 apr show, and propose the change anew',
    ['bin', 'database', 'cli'],
  ),
  REJECT_APR_CLOSED: reject(
    'The request is applied, denied, withdrawn or rolled back; it takes no more votes.',
    'npx c1 apr list',
    ['database', 'cli'],
  ),
  REJECT_AUTH_ALREADY_CONSUMED: reject(
    'The grant was used; it is good for one use.',
    'ask for a new grant: raise c1:grantGeneration',
    ['bin', 'executor'],
  ),
  REJECT_AUTH_EXPIRED: reject('The grant is past its expiry.', 'ask for a new grant: raise c1:grantGeneration', [
    'bin',
    'executor',
  ]),
  REJECT_AUTH_NOT_ACTIVE: reject(
    'The grant is in no state in which it is good: not active, or not yet.',
    'look at its row in governance_build_authorization',
    ['bin', 'executor'],
  ),
  REJECT_AUTH_REVOKED: reject('The grant was revoked.', 'ask who revoked it, and for a new one', ['bin', 'executor']),
  REJECT_AUTH_STALE: reject(
    'The grant is older than the manifest: who voted for it saw another one.',
    'ask for a new grant: raise c1:grantGeneration',
    ['bin', 'executor'],
  ),
  REJECT_CONTENT_TYPE: reject(
    'The body is not sent as what a dispatch takes: JSON in UTF-8.',
    'send application/json',
    ['executor'],
  ),
  REJECT_DUPLICATE_OPERATION: reject('An operation stands in the manifest twice.', 'correct the row by its DOT', [
    'bin',
    'reader',
    'executor',
  ]),
  REJECT_FROZEN_DOT: reject('The DOT is FROZEN/MONITORED and must not be used.', 'use dot-birth-backfill', [
    'bin',
    'database',
  ]),
  REJECT_GENERIC_GRANT: reject(
    'The grant leaves open what it is for, how often or how long.',
    'ask for a grant of C1; no other is used here',
    ['bin', 'executor'],
  ),
  REJECT_GRANT_UNBOUND: reject(
    'The grant is bound to no manifest hash.',
    'ask for a grant of C1; no other is used here',
    ['bin', 'executor'],
  ),
  REJECT_GRANT_TTL: reject(
    'A grant lives longer than nothing and at most seven days.',
    'ask for a life between one second and seven days',
    ['bin', 'database', 'program'],
  ),
  REJECT_MALFORMED_REQUEST: reject(
    'The request is no single JSON value of the right shape: an unknown or missing field, a duplicate key, an unknown mode.',
    'correct the request',
    ['bin', 'executor', 'database'],
  ),
  REJECT_MANIFEST_HASH_MISMATCH: reject(
    'A manifest hash is not that of the manifest as the runtime makes it now.',
    'dot-c1-vocab-build --cloud --dry-run --manifest <file>, and use that manifest',
    ['bin', 'executor'],
  ),
  REJECT_MANIFEST_MISSING: reject(
    'There is no manifest: no active canonical operation, or none was given.',
    'dot-c1-vocab-build --cloud --dry-run --manifest <file>',
    ['bin', 'reader', 'executor'],
  ),
  REJECT_NOT_ALLOWED: reject(
    'This DOT may not do this operation on this surface.',
    'see the matrix iu_core.dot_surface',
    ['database', 'bin'],
  ),
  REJECT_MIGRATION_STATEMENT: reject(
    'A governed migration says something else than comments and one call of a named gateway function.',
    'npx c1 runtime start, which brings the migrations of this program again',
    ['bin'],
  ),
  REJECT_NO_GRANT: reject('There is no grant.', 'npx pulumi up, which asks for one', ['bin', 'executor']),
  REJECT_NO_QUORUM: reject(
    'The approval request behind the grant has not the votes that it needs.',
    'npx c1 apr show',
    ['bin', 'executor'],
  ),
  REJECT_OWNERSHIP_MISSING: reject('Nobody owns the vocabulary table.', 'npx pulumi up, which assigns its owner', [
    'bin',
    'executor',
  ]),
  REJECT_PATCH_DOES_NOT_RUN: reject(
    'The new file of the DOT that applies patches does not answer as the version that was approved; the old one is in place.',
    'propose a patch that does',
    ['bin'],
  ),
  REJECT_PATCH_SYNTAX: reject(
    'The new file of a patch does not pass the syntax check; the old one is in place.',
    'propose a patch that does',
    ['bin'],
  ),
  REJECT_PATCH_TARGET: reject(
    'The patch names an unknown DOT, a file that is not its own, or a path that is no plain file of the DOT folder.',
    'propose a patch of the own file of a registered DOT',
    ['bin', 'database', 'program'],
  ),
  REJECT_POLICY_VIOLATION: reject(
    'A resource of the program breaks a rule of the policy pack, whose name stands above this line.',
    'npx pulumi preview --diff, and correct what declares the resource',
    ['policy'],
  ),
  REJECT_PLAN_ALTERED: reject(
    'The plan file was altered after it was written: its digest is another one than it says.',
    'npx c1 plan --out plan.json, and decide about that plan',
    ['cli'],
  ),
  REJECT_PLAN_DENIED: reject(
    'An owner denied this step or one of its very deltas before; a denial is final.',
    'change what the step brings, then npx c1 plan',
    ['database', 'cli'],
  ),
  REJECT_PLAN_EXPIRED: reject('The approval is past its time, or good for longer than one may be.', 'npx c1 approve', [
    'database',
    'cli',
  ]),
  REJECT_PLAN_OTHER_TARGET: reject(
    'The decision is about a plan of another runtime.',
    'npx c1 plan here, and decide about that plan',
    ['database', 'cli'],
  ),
  REJECT_PRODUCTION_TARGET: reject(
    'The target is production, not the namespace of the dry run.',
    'use DRYRUN-NS:dot:c1:vocab',
    ['bin', 'executor', 'database'],
  ),
  REJECT_PROTOCOL_VERSION: reject(
    'An operation is of another protocol version than the manifest.',
    'add the operation under the version that the manifest has',
    ['bin', 'reader', 'executor'],
  ),
  REJECT_REQUEST_TIMEOUT: reject(
    'The client did not send a whole request within the time limit.',
    'send the request again, at once',
    ['executor'],
  ),
  REJECT_REQUEST_TOO_LARGE: reject('The request is larger than any that is answered here.', 'send a smaller one', [
    'executor',
  ]),
  REJECT_ROLLBACK_DELETE: reject(
    'Something would be taken back by a delete: a vocabulary table that is not empty, or whatever a rollback names.',
    'retire it; a non-empty vocabulary table is never dropped',
    ['bin', 'database', 'reader', 'executor'],
  ),
  REJECT_SCOPE_NOT_C1: reject(
    "The request or the grant reaches beyond C1's dry run.",
    'nothing: C2 to C7 and anything wider are out of scope',
    ['bin', 'executor', 'database'],
  ),
  REJECT_SEMANTIC_REWRITE: reject(
    'A vocabulary row would change its meaning.',
    'add a row under a new protocol_version',
    ['bin', 'executor', 'database'],
  ),
  REJECT_SELF_APPROVAL: reject(
    'Who proposes does not vote: not by his name, and not by his key under another name.',
    'npx c1 apr approve by another owner',
    ['database', 'bin', 'cli'],
  ),
  REJECT_SIGNER_REVOKED: reject(
    'The key that signed was revoked.',
    'have another owner vote, with a key that is not revoked',
    ['bin', 'cli'],
  ),
  REJECT_UNKNOWN_SIGNER: reject(
    'The signature is by no key that the allowed signers list for that name.',
    'sign with a key of the allowed signers',
    ['bin', 'cli'],
  ),
  REJECT_UNKNOWN_ROUTE: reject('The service has no such address, or not with this method.', 'POST /dispatch', [
    'executor',
  ]),
  REJECT_VOTED_TWICE: reject('This voter has voted on this request; a vote is never changed.', 'npx c1 apr show', [
    'database',
    'cli',
  ]),
  REJECT_WRONG_CARRIER: reject('Manifest or grant are of another carrier than C1.', 'use manifest and grant of C1', [
    'bin',
    'executor',
  ]),
  REJECT_WRONG_LANE: reject('Manifest or grant are of another lane than dry_run.', 'use manifest and grant of C1', [
    'bin',
    'executor',
  ]),
  REJECT_WRONG_PLAN: reject(
    'Manifest or grant are of another plan than LEGO1-C1-PLAN.',
    'use manifest and grant of C1',
    ['bin', 'executor'],
  ),
  C1_PROD_REAL_RUN_BLOCKED: reject(
    'A real run, or a gate that stands open for one: there is none here.',
    'nothing: use PLAN_ONLY or VERIFY_ONLY',
    ['bin', 'executor', 'database'],
  ),
  GOVERNED_C1_DRYRUN_REJECT_DOT_BYPASS: reject(
    'A governed table or the catalogue was written without a DOT.',
    'run the DOT of that surface; nothing was written',
    ['database'],
  ),

  ERROR_CONFIG_INVALID: error(
    'A configuration, of the stack or of the executor, has an unknown key or a value that is not allowed.',
    'pulumi config',
    ['program', 'executor'],
  ),
  ERROR_DATABASE: error('PostgreSQL refused or failed.', 'npx c1 runtime status', [
    'bin',
    'reader',
    'runtime',
    'executor',
  ]),
  ERROR_ENGINE_FAILED: error('pulumi failed and named no code.', 'run the same pulumi command again', ['cli']),
  ERROR_ENGINE_SETUP: error('The engine could not be set up on this machine.', 'npm run setup', ['engine']),
  ERROR_EXECUTOR_UNHEALTHY: error(
    'The executor, or a release of it, ended, hangs, or does not answer as itself; after a deploy the one before is in use.',
    'look into executor/run for its log, build it again, then npx pulumi up',
    ['executor', 'reader', 'runtime', 'bin'],
  ),
  ERROR_FILE_UNUSABLE: error('A file that the command line names cannot be read or written.', 'name another file', [
    'bin',
  ]),
  ERROR_INTERNAL: error('A fault in this product.', 'run again with --debug and report it', [
    'bin',
    'reader',
    'cli',
    'program',
    'executor',
  ]),
  ERROR_MIGRATION_CHANGED: error(
    'An installed migration is not the file that was applied.',
    'npx c1 runtime reset --yes for a disposable runtime, else bring the change as a new file',
    ['runtime'],
  ),
  ERROR_NOT_IMPLEMENTED: error(
    'This bin, or this flag of it, is there so that it can be registered and asked for; its work is not built yet.',
    'wait for its release',
    ['bin'],
  ),
  ERROR_OS_USER: error(
    'PostgreSQL refuses to run as root, and no other user that can reach its files is to be had.',
    'run as a normal user',
    ['runtime'],
  ),
  ERROR_PAYLOAD_INVALID: error(
    'The payload has an unknown, missing or duplicate key, or a value that is not allowed.',
    'correct the payload file',
    ['bin', 'program', 'executor'],
  ),
  ERROR_PERMISSION_DENIED: error('The login has no right to do this.', 'use the DOT that may', ['bin', 'reader']),
  ERROR_PORT_TAKEN: error(
    'The port of the embedded runtime or of the executor is used by another program.',
    'npx c1 runtime start --new-port',
    ['runtime', 'executor'],
  ),
  ERROR_POSTGRES_MISSING: error(
    'The PostgreSQL programs of this platform are not installed.',
    'npm install, without --omit=optional',
    ['runtime'],
  ),
  ERROR_READ_FAILED: error('A read failed; that is a stop, never "row absent".', 'npx c1 runtime status', [
    'program',
    'reader',
    'cli',
    'executor',
  ]),
  ERROR_RUNTIME_UNREACHABLE: error('The governed runtime does not answer.', 'npx c1 runtime start', [
    'bin',
    'reader',
    'program',
    'cli',
    'executor',
  ]),
  ERROR_SSH_MISSING: error(
    'There is no usable ssh-keygen, which signs and checks approvals.',
    'install the OpenSSH client (package openssh-client), then run the same command again',
    ['bin', 'cli', 'runtime', 'executor'],
  ),
  ERROR_STACK_OTHER_PROJECT: error('The stack belongs to another project.', 'npx pulumi preview -s dryrun', [
    'engine',
    'program',
  ]),
  ERROR_STACK_UNKNOWN: error('No stack is selected, or there is none of that name.', 'npm run setup', [
    'engine',
    'cli',
  ]),
  ERROR_STATE_FOLDER: error(
    'The state folder cannot be written.',
    'free or unlock the folder, or link .c1 to one that can be written',
    ['runtime', 'program', 'cli'],
  ),
  ERROR_TIMEOUT: error('A wait reached its limit.', 'run the same command again', [
    'bin',
    'runtime',
    'cli',
    'executor',
  ]),
  ERROR_UPSTREAM: error(
    'The executor that was there before, to which other codes are passed on, does not answer.',
    'find out what became of the program at upstreamUrl',
    ['executor'],
  ),
  ERROR_USAGE: error('The command line is not one that this program knows.', 'run it with --help', [
    'bin',
    'reader',
    'cli',
    'executor',
  ]),
} as const satisfies Record<string, CodeEntry>;

export type Code = keyof typeof CODES;

export function isCode(text: string): text is Code {
  return Object.hasOwn(CODES, text);
}

/** Process exit status of a code: 0 applied, no-op or planned; 1 error; 2 different plans; 3 HOLD; 4 REJECT; 64 usage (runtime.md). */
export function exitCodeOf(code: Code): number {
  if (code === DIFFERENT) return EXIT_DIFFERENT;
  return USAGE_CODES.has(code) ? EXIT_USAGE : EXIT_BY_KIND[CODES[code].kind];
}

export interface Finding {
  readonly seen: string;
  readonly expected: string;
  /** The next command or action; the code's own remedy where absent. */
  readonly next?: string;
}

/** An outcome that stops: a registered code, what was seen, what was expected, what to do next; `cause` is kept. */
export class C1Error extends Error {
  readonly code: Code;
  readonly seen: string;
  readonly expected: string;
  readonly next: string;

  constructor(code: Code, finding: Finding, options?: ErrorOptions) {
    const next = finding.next ?? CODES[code].remedy;
    super(`${code}: seen ${finding.seen}, expected ${finding.expected}. Next: ${next}.`, options);
    this.name = 'C1Error';
    this.code = code;
    this.seen = finding.seen;
    this.expected = finding.expected;
    this.next = next;
  }

  get exitCode(): number {
    return exitCodeOf(this.code);
  }
}

function ok(meaning: string, from: readonly CodeOrigin[]): CodeEntry {
  return { kind: 'OK', meaning, remedy: 'nothing', from };
}

function noop(meaning: string, from: readonly CodeOrigin[]): CodeEntry {
  return { kind: 'NOOP', meaning, remedy: 'nothing', from };
}

function hold(meaning: string, remedy: string, from: readonly CodeOrigin[]): CodeEntry {
  return { kind: 'HOLD', meaning, remedy, from };
}

function reject(meaning: string, remedy: string, from: readonly CodeOrigin[]): CodeEntry {
  return { kind: 'REJECT', meaning, remedy, from };
}

function error(meaning: string, remedy: string, from: readonly CodeOrigin[]): CodeEntry {
  return { kind: 'ERROR', meaning, remedy, from };
}
