import { sameJson } from '../../domain/canonical.ts';
import { type DryRunAnswer, dryRunAnswer } from '../../domain/dry-run.ts';
import type { RuntimeConfig } from '../kernel/connection.ts';
import { askExecutor, jsonOf, problemsOf, refused, unhealthy } from './endpoint.ts';
import type { AskedOfDot } from './request.ts';

/**
 * Has the executor make a dry run.
 *
 * @param endpoint `endpoint_ref` of the contract
 * @param asked the whole request, authorizations included; whether they hold is the executor's to say
 * @throws C1Error the executor's own refusal; ERROR_EXECUTOR_UNHEALTHY for anything but a refusal and a whole answer of
 * this runtime; HOLD_DRIFT for another endpoint than the contract of C1 has
 */
export async function askDryRun(
  config: RuntimeConfig,
  endpoint: string | null,
  asked: AskedOfDot,
): Promise<DryRunAnswer> {
  const { status, bytes } = await askExecutor(config, endpoint, JSON.stringify(asked));
  const value = jsonOf(bytes);
  if (status !== 200) throw refused(status, value);
  const parsed = dryRunAnswer.safeParse(value);
  if (!parsed.success) throw unhealthy(`an answer with ${problemsOf(parsed.error)}`, 'the answer of a dry run of C1');
  const { label } = parsed.data;
  if (sameJson(label, config.label)) return parsed.data;
  throw unhealthy(`an answer of a runtime ${labelled(label)}`, `the executor of this one, ${labelled(config.label)}`);
}

function labelled(label: readonly string[]): string {
  return label.length === 0 ? 'without label' : `labelled ${label.join(' ')}`;
}
