import type { PlanDocument, PlannedDelta } from '../../domain/planning/document.ts';
import { SURFACE_NAMES, SURFACES, type SurfaceName } from '../../domain/surfaces.ts';
import { Html, html, table } from '../html/html.ts';
import { deltasOf } from './answers.ts';
import type { ReviewView } from './view.ts';

interface Change {
  readonly surface: SurfaceName;
  /** Live rows; null outside of the database. */
  readonly before: number | null;
  readonly after: number | null;
  readonly added: number;
  readonly changed: number;
  readonly retired: number;
  /** At the last reading; null where nobody could tell. */
  readonly now: number | null;
}

/** Of what is no governed table, no rows are counted. */
const NONE = 'none';

/** Before and after per surface, in numbers and as a picture. */
export function surfaces({ plan, reading }: ReviewView): Html {
  const changes = changesOf(plan, reading.view?.live ?? {});
  const rest = Object.keys(plan.prestate).filter((name) => !changes.some(({ surface }) => surface === name));
  return html`${table('Surfaces that change', changes, [
    // Our own names: they break where they are joined.
    { head: 'surface', cell: ({ surface }) => new Html(surface.replaceAll('_', '_<wbr>')) },
    { head: 'before', cell: ({ before }) => before ?? NONE, isNumber: true },
    { head: 'change', cell: changeText, isNumber: true },
    { head: 'after', cell: ({ after }) => after ?? NONE, isNumber: true },
    { head: 'now', cell: ({ now, before }) => now ?? (before === null ? NONE : 'not read'), isNumber: true },
    { head: 'picture', cell: picture },
  ])}
<p class="legend" aria-hidden="true"><span class="stay"></span> stays <span class="add"></span> comes <span class="go"></span> goes</p>
<p class="note">Live rows, before the plan, after it, and at the last reading. + comes, ~ is changed, - is retired; what supersedes an older entry, or is over from the start, comes and adds nothing.</p>
${rest.length === 0 ? html`` : html`<p>Unchanged: ${rest.join(', ')}.</p>`}`;
}

function changesOf(plan: PlanDocument, live: Readonly<Record<string, number>>): readonly Change[] {
  const deltas = deltasOf(plan);
  const touched = SURFACE_NAMES.filter((name) => deltas.some(({ surface }) => surface === name));
  return touched.map((surface) => {
    const own = deltas.filter((delta) => delta.surface === surface);
    const count = (...ops: readonly PlannedDelta['op'][]) => own.filter(({ op }) => ops.includes(op)).length;
    const isTable = !['outside', 'bookkeeping'].includes(SURFACES[surface].kind);
    const before = isTable ? (plan.prestate[surface]?.live ?? 0) : null;
    // What has no state of its own is only appended to, also where its rows take something back.
    const isAppended = SURFACES[surface].kind === 'history' && SURFACES[surface].status === null;
    const net = isAppended
      ? count('insert')
      : plan.totals.reduce((sum, one) => sum + (one.surface === surface ? one.remaining : 0), 0);
    return {
      ...{ surface, before, after: before === null ? null : before + net },
      ...{ added: count('insert', 'reinstate'), changed: count('update'), retired: count('retire') },
      now: isTable ? (live[surface] ?? null) : null,
    };
  });
}

/** Each surface by itself, of the larger of both numbers: a large table would leave nothing to see of the others. */
function picture({ before, after }: Change): Html {
  if (before === null || after === null) return html`<span class="none">bookkeeping, or outside of the database</span>`;
  const most = Math.max(1, before, after);
  const width = (count: number) => `${((count / most) * 100).toFixed(1)}%`;
  const [kept, moved] = [Math.min(before, after), Math.abs(after - before)];
  const kind = after >= before ? 'add' : 'go';
  return html`<span class="picture" role="img" aria-label="${before} live before, ${after} after"><span class="stay" style="width: ${width(kept)}"></span><span class="${kind}" style="width: ${width(moved)}"></span></span>`;
}

function changeText({ added, changed, retired }: Change): string {
  const parts = Object.entries({ '+': added, '~': changed, '-': retired }).filter(([, count]) => count > 0);
  return parts.map(([sign, count]) => `${sign}${count}`).join(' ');
}
