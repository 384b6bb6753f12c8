import { C1Error } from '../../domain/codes.ts';
import { newByPath } from '../../domain/registrar.ts';
import { dotFolder, runReadBin } from '../kernel/main.ts';
import { readRegistered, scanDotFolder } from '../kernel/scan.ts';

/**
 * The registrar as the runtime has had it, defect and all: it takes a file for new when the registry has another path for
 * it. What it would insert is what its dry run says; a real run stops at the birth gate, because nothing of it was born.
 */
runReadBin({
  dot: 'DOT-REGISTER',
  summary:
    'Registers DOT files that the registry does not have, by path. Known defect: other path prefixes count as new.',
  examples: ['--cloud --dry-run'],
  flags: (command) => command.option('--dry-run', 'say what would be registered, and change nothing'),
  ask: ({ dryRun }) => dryRun === true,
  read: async (client, dryRun) => {
    const files = scanDotFolder(dotFolder());
    const found = newByPath(files, await readRegistered(client, files));
    const [first] = found;
    if (!dryRun && first !== undefined) {
      throw new C1Error('HOLD_ADMISSION_MISSING_OR_INVALID', {
        seen: `${found.length} files to register, the first ${first.file} without birth, admission and ledger entry`,
        expected: 'DOTs that were born before they are registered',
        next: 'dot-dot-register --cloud --dry-run, and step W1, which replaces this registrar',
      });
    }
    return { scanned: files.length, new: found.length, files: found.map(({ file }) => file) };
  },
});
