import { type Command, InvalidArgumentError, Option } from 'commander';
import { C1Error } from '../domain/codes.ts';
import { type ApprovalRule, DEFAULT_RULE, type WantedRule } from '../runtime/approvals.ts';
import { stateDirOf } from '../runtime/paths.ts';
import { connectionUrl, eachSnapshotBatch, URL_ROLES } from '../runtime/read.ts';
import { type RunningRuntime, resetRuntime, startRuntime, stopRuntime } from '../runtime/runtime.ts';
import { type RuntimeStatus, runtimeStatus, statusFinding } from '../runtime/status.ts';
import { STACK } from './engine.ts';
import { examples, print, printAnswer, printLabel, terminalReporter } from './output.ts';
import { ruleOfStack } from './rule.ts';
import { resourcesOnDisk } from './stack.ts';

interface JsonFlag {
  readonly json?: boolean;
}

interface RuleFlags extends JsonFlag {
  readonly approvals?: ApprovalRule['approvals'];
  readonly quorum?: number;
}

function approvalsOption(): Option {
  const text =
    'whether owners have to approve each step; said once, when the runtime is made (default: as the stack says)';
  return new Option('--approvals <rule>', text).choices(['required', 'none']);
}

function quorumOption(): Option {
  const text = `how many owners have to approve; said once, when the runtime is made (default: ${DEFAULT_RULE.quorum})`;
  return new Option('--quorum <owners>', text).argParser((given) => {
    if (/^[1-9]$/.test(given)) return Number(given);
    throw new InvalidArgumentError('a whole number from 1 to 9 is expected.');
  });
}

/** Only what was said: the rest is as the runtime was made. */
function ruleOf({ approvals, quorum }: RuleFlags): WantedRule {
  const said = { ...(approvals === undefined ? {} : { approvals }), ...(quorum === undefined ? {} : { quorum }) };
  return { said, otherwise: ruleOfStack() };
}

/** `c1 runtime …`: the embedded governed runtime (runtime.md). */
export function addRuntime(program: Command): void {
  const runtime = program
    .command('runtime')
    .description('the embedded governed runtime, a real PostgreSQL on loopback')
    .addHelpText(
      'after',
      examples('npx c1 runtime start', 'npx c1 runtime status', 'npx c1 runtime snapshot > before.jsonl'),
    );
  addStart(runtime);
  addStop(runtime);
  addStatus(runtime);
  addReset(runtime);
  addUrl(runtime);
  addSnapshot(runtime);
}

function addStart(runtime: Command): void {
  runtime
    .command('start')
    .description('start it, install or migrate its schema, refresh its bins; does only what is missing')
    .option('--new-port', 'give up the kept port and pick another free one')
    .addOption(approvalsOption())
    .addOption(quorumOption())
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples('npx c1 runtime start', 'npx c1 runtime start --new-port', 'npx c1 runtime start --quorum 3'),
    )
    .action(async (flags: RuleFlags & { newPort?: boolean }) => {
      const { json = false, newPort = false } = flags;
      const report = terminalReporter(json);
      const running = await startRuntime(stateDirOf(process.env), report, { newPort, rule: ruleOf(flags) });
      await printAnswer({ text: [runningLine(running)], json: { ...running, did: report.done } }, json);
    });
}

function addStop(runtime: Command): void {
  runtime
    .command('stop')
    .description('end the PostgreSQL of this state folder, and no other')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('npx c1 runtime stop'))
    .action(async ({ json = false }: JsonFlag) => {
      const stopped = await stopRuntime(stateDirOf(process.env), terminalReporter(json));
      await printAnswer({ text: [], json: { stopped } }, json);
    });
}

function addStatus(runtime: Command): void {
  runtime
    .command('status')
    .description(
      'what runs, and whether guards and bins are as installed; not running is exit 1, changed guards or bins exit 3',
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('npx c1 runtime status', 'npx c1 runtime status --json'))
    .action(async ({ json = false }: JsonFlag) => {
      const status = await runtimeStatus(stateDirOf(process.env));
      const finding = statusFinding(status);
      await printAnswer({ text: statusLines(status), json: { ...status, code: finding?.code ?? 'OK_READ' } }, json);
      if (finding !== null) throw finding;
    });
}

function addReset(runtime: Command): void {
  runtime
    .command('reset')
    .description('put database and bins back to the starting state; port and passwords stay')
    .option('--yes', 'really do it: every row that came after the install is lost')
    .addOption(approvalsOption())
    .addOption(quorumOption())
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('npx c1 runtime reset --yes', 'npx c1 runtime reset --yes --approvals none'))
    .action(async (flags: RuleFlags & { yes?: boolean }) => {
      const { json = false, yes = false } = flags;
      if (!yes) {
        const expected = '--yes, because every row that came after the install is lost';
        throw new C1Error('ERROR_USAGE', { seen: 'reset without --yes', expected, next: 'npx c1 runtime reset --yes' });
      }
      await assertNothingApplied(stateDirOf(process.env));
      const report = terminalReporter(json);
      const running = await resetRuntime(stateDirOf(process.env), report, ruleOf(flags));
      await printAnswer({ text: [runningLine(running)], json: { ...running, did: report.done } }, json);
    });
}

/**
 * Rows of an applied stack would be gone, and with them the bins that retire them: nothing could be destroyed any more.
 *
 * @throws C1Error HOLD_STACK_IN_USE
 */
async function assertNothingApplied(stateDir: string): Promise<void> {
  const applied = await resourcesOnDisk(stateDir, STACK);
  if (applied === 0) return;
  throw new C1Error('HOLD_STACK_IN_USE', {
    seen: `${applied} resources in the stack ${STACK}`,
    expected: 'an empty stack',
    next: `npx pulumi destroy -s ${STACK}, or, where it cannot be destroyed any more, npx pulumi stack rm ${STACK} --force --preserve-config; then npx c1 runtime reset --yes and npm run setup`,
  });
}

function addUrl(runtime: Command): void {
  runtime
    .command('url')
    .description('print a connection URL for psql, WITH THE PASSWORD of that role: the one command that prints one')
    .addOption(
      new Option('--role <role>', 'whom to connect as; only auditor_ro and executor_ro cannot write').default(
        'auditor_ro',
      ),
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `${examples('psql "$(npx c1 runtime url)"', 'c1 runtime url --role postgres')}\n\nRoles:\n  ${URL_ROLES.join('\n  ')}`,
    )
    .action(async ({ json = false, role }: JsonFlag & { role: string }) => {
      const url = await connectionUrl(stateDirOf(process.env), role);
      if (json) return printAnswer({ text: [], json: { role, url } }, true);
      await printLabel();
      return print(url);
    });
}

function addSnapshot(runtime: Command): void {
  runtime
    .command('snapshot')
    .description('print every live governed row as a line of JSON, sorted, without what only the runtime can make')
    .addHelpText(
      'after',
      examples('npx c1 runtime snapshot > before.jsonl', 'diff before.jsonl <(npx c1 runtime snapshot)'),
    )
    .action(async () => {
      await printLabel();
      await eachSnapshotBatch(stateDirOf(process.env), (lines) => print(lines.join('\n')));
    });
}

function runningLine({ host, port, database, pid, stateDir }: RunningRuntime): string {
  return `runtime on ${host}:${port}/${database} (process ${pid}) in ${stateDir}`;
}

function statusLines(status: RuntimeStatus): readonly string[] {
  if (!status.running) return [`state      ${status.stateDir}`, 'server     stopped'];
  const changed = status.changedBins.length === 0 ? 'as installed' : `${status.changedBins.length} changed`;
  return [
    `state      ${status.stateDir}`,
    `server     PostgreSQL ${status.version} on 127.0.0.1:${status.port}/${status.database}, process ${status.pid}`,
    `migrations ${status.migrations}`,
    `guards     ${status.guards}`,
    `bins       ${changed}, ${status.addedBins.length} added since`,
    `executor   ${status.executor === null ? 'stopped' : `${status.executor.release}, process ${status.executor.pid}`}`,
  ];
}
