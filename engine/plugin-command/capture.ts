export const STREAMS = ['stdout', 'stderr'] as const;
export type Stream = (typeof STREAMS)[number];
export type Log = (line: string) => void;

/** What a command prints: kept whole, each stream by itself and both as they came, and logged line by line. */
export class Capture {
  readonly #seen: Readonly<Record<Stream | 'both', Buffer[]>> = { stdout: [], stderr: [], both: [] };
  readonly #lines: Readonly<Record<Stream, Lines>>;

  constructor(logOf: (stream: Stream) => Log) {
    this.#lines = { stdout: new Lines(logOf('stdout')), stderr: new Lines(logOf('stderr')) };
  }

  take(stream: Stream, chunk: Buffer): void {
    this.#seen[stream].push(chunk);
    this.#seen.both.push(chunk);
    this.#lines[stream].take(chunk);
  }

  end() {
    for (const stream of STREAMS) this.#lines[stream].end();
    const { stdout, stderr, both } = this.#seen;
    return { stdout: text(stdout), stderr: text(stderr), both: text(both) };
  }
}

const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString();

/** Cuts a stream into lines, wherever its chunks are cut. */
class Lines {
  readonly #log: Log;
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(log: Log) {
    this.#log = log;
  }

  take(chunk: Buffer): void {
    const [first = '', ...more] = this.#decoder.decode(chunk, { stream: true }).split('\n');
    const lines = [this.#rest + first, ...more];
    this.#rest = lines.pop() ?? '';
    lines.forEach(this.#log);
  }

  end(): void {
    if (this.#rest !== '') this.#log(this.#rest);
  }
}
