import { C1_DOT_CODES, dotOf, HOUSE_DOT_CODES, type HouseDotCode } from '../../domain/dots.ts';
import { familyOf } from './families.ts';
import { dayAt, numberedCode, pick, type SeedRow, span } from './row.ts';

/** A DOT as disk and registry know it; one list makes both, so that the mismatch between them is what it should be. */
export interface SeedTool {
  readonly code: string;
  readonly name: string;
  readonly category: string;
  readonly filePath: string;
  readonly trigger: string;
  readonly status: string;
  readonly lastExecuted: string | null;
  readonly registered: boolean;
  readonly onDisk: boolean;
  readonly kind: 'house' | 'frozen' | 'stub';
}

/** What a registrar's scan of the disk yields for a file. */
export const SCAN_FOLDER = '/opt/incomex/dot/bin';

const PREFIXES = ['bin/dot', 'opt/incomex/dot/bin', 'dot/bin'] as const;
const TRIGGERS = ['manual', 'cron', 'event', 'on-deploy'] as const;

/** Registered again by the clean-up of 2025, with the path that the scan yields. */
const SAME_PATH = { first: 101, last: 121 };
/** Replaced by Directus flows; the registry still names them, the files are gone. */
const NO_FILE = { first: 201, last: 216 };
/** Written after the registrar last ran. */
const UNREGISTERED = { first: 290, last: 304 };
const LAST_NUMBER = 289;

/** Paths and triggers that seed 004 §1 gives; the other house DOTs follow the same pattern. */
const HOUSE_PATHS: Partial<Readonly<Record<HouseDotCode, string>>> = {
  'DOT-015': 'bin/dot/dot-catalog-sync',
  'DOT-062': 'bin/dot/dot-rollback',
  'DOT-310': 'dot/bin/dot-apr-execute',
  'DOT-REGISTER': 'bin/dot/dot-dot-register.ts',
};
const HOUSE_TRIGGERS: Partial<Readonly<Record<HouseDotCode, string>>> = {
  'DOT-REGISTER': 'on-deploy',
  'DOT-015': 'on-deploy',
};
const NEVER_EXECUTED: ReadonlySet<string> = new Set(['DOT-REGISTER']);

const FROZEN: readonly (readonly [string, string])[] = [
  ['DOT-041', 'dot-birth-import'],
  ['DOT-042', 'dot-birth-manual'],
  ['DOT-043', 'dot-birth-sweep'],
];
const TAKEN: ReadonlySet<string> = new Set([...HOUSE_DOT_CODES, ...FROZEN.map(([code]) => code)]);

export const SEED_TOOLS: readonly SeedTool[] = [
  ...HOUSE_DOT_CODES.map(houseTool),
  namedTool('DOT_KG_EXPLAIN', 'dot-kg-explain', 'dot/bin/dot-kg-explain', 'stub'),
  namedTool('DOT_KG_EXPLAIN_VERIFY', 'dot-kg-explain-verify', 'dot/bin/dot-kg-explain-verify', 'stub'),
  ...FROZEN.map(([code, name]) => frozenTool(code, name)),
  ...span(1, LAST_NUMBER)
    .filter((number) => !TAKEN.has(numberedCode('DOT', number)))
    .map(numberedTool),
  ...span(UNREGISTERED.first, UNREGISTERED.last).map(numberedTool),
];

/** Rows of `dot_tools`. */
export function toolRows(): readonly SeedRow[] {
  return SEED_TOOLS.filter(({ registered }) => registered).map((tool, at) => ({
    code: tool.code,
    name: tool.name,
    category: tool.category,
    coverage_status: pick(['covered', 'covered', 'partial'], at),
    file_path: tool.filePath,
    trigger: tool.trigger,
    status: tool.status,
    last_executed: tool.lastExecuted,
    created_at: dayAt(at),
  }));
}

/** A file in the folder of runnable DOTs. */
export interface DiskFile {
  readonly file: string;
  readonly code: string;
  readonly kind: SeedTool['kind'];
}

/** What the folder of runnable DOTs holds before anything is staged. */
export function diskFiles(): readonly DiskFile[] {
  return SEED_TOOLS.filter(({ onDisk }) => onDisk).map(({ name, code, kind }) => ({ file: name, code, kind }));
}

/** The DOTs whose bins are staged later, by W1: built with the house DOTs, never installed with them. */
export function stagedLater(): readonly DiskFile[] {
  return C1_DOT_CODES.map((code) => ({ file: dotOf(code).bin, code, kind: 'house' }));
}

function houseTool(code: HouseDotCode): SeedTool {
  const { bin } = dotOf(code);
  const path = HOUSE_PATHS[code] ?? `opt/incomex/dot/bin/${bin}`;
  const tool = namedTool(code, bin, path, 'house');
  return {
    ...tool,
    trigger: HOUSE_TRIGGERS[code] ?? 'manual',
    lastExecuted: NEVER_EXECUTED.has(code) ? null : dayAt(400),
  };
}

function frozenTool(code: string, name: string): SeedTool {
  return { ...namedTool(code, name, `bin/dot/${name}`, 'frozen'), status: 'FROZEN/MONITORED', lastExecuted: dayAt(90) };
}

function namedTool(code: string, name: string, filePath: string, kind: SeedTool['kind']): SeedTool {
  const category = kind === 'stub' ? 'knowledge' : 'governance';
  return {
    ...{ code, name, category, filePath, kind, trigger: 'manual', status: 'active' },
    ...{ lastExecuted: dayAt(380), registered: true, onDisk: true },
  };
}

function numberedTool(number: number): SeedTool {
  const { name, category } = familyOf(number);
  const gone = within(number, NO_FILE);
  return {
    code: numberedCode('DOT', number),
    name,
    category,
    filePath: `${within(number, SAME_PATH) ? SCAN_FOLDER : pick(PREFIXES, number)}/${name}`,
    trigger: pick(TRIGGERS, number),
    status: gone ? 'deprecated' : 'active',
    lastExecuted: number % 5 === 0 ? null : dayAt(300 + (number % 90)),
    registered: !within(number, UNREGISTERED),
    onDisk: !gone,
    kind: 'stub',
  };
}

function within(number: number, { first, last }: { first: number; last: number }): boolean {
  return number >= first && number <= last;
}
