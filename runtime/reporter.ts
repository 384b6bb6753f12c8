/** Where a long operation says what it did. The command line prints it; a test collects or drops it. */
export interface Reporter {
  /** One thing that is now done or found, as a sentence part: "PostgreSQL started on 127.0.0.1:5433". */
  readonly did: (what: string) => void;
  /** What is being waited for; shown only when it takes longer than two seconds. */
  readonly waiting: (what: string) => void;
}

export const SILENT: Reporter = { did: () => undefined, waiting: () => undefined };

const PATIENCE_MS = 2_000;

/** Runs `work`; when it takes longer than two seconds, `report` says what is waited for. */
export async function withProgress<T>(report: Reporter, what: string, work: () => Promise<T>): Promise<T> {
  const timer = setTimeout(() => report.waiting(what), PATIENCE_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}
