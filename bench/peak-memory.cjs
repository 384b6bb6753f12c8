// Preloaded into a bin: at its end writes the most memory that it had at any moment, in KiB, to the file of
// C1_BENCH_PEAK. Linux says that of this very program; getrusage(2) may count what our parent was when it forked.
const { readFileSync, writeFileSync } = require('node:fs');

process.on('exit', () => writeFileSync(process.env.C1_BENCH_PEAK, String(peak())));

function peak() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
}
