const FIRST_MS = 1_500;
const EVERY_MS = 5_000;

const now = () => Date.now();
const seconds = (since) => `${Math.round((now() - since) / 1000)} s`;

export const say = (line) => process.stderr.write(`engine: ${line}\n`);

/**
 * Runs `work` and says what goes on: a line after a moment, one every few seconds, one at the end. Quick work says
 * nothing. `detail` adds what is known of how far it is.
 */
export async function withProgress(what, work, detail = () => '') {
  const start = now();
  let told = false;
  const tell = () => {
    told = true;
    say(`${what} … ${seconds(start)}${detail()}`);
  };
  const timers = [setTimeout(tell, FIRST_MS), setInterval(tell, EVERY_MS)];
  try {
    const result = await work();
    if (told) say(`${what}: done in ${seconds(start)}`);
    return result;
  } finally {
    timers.forEach(clearTimeout);
  }
}
