import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../cache.mjs';
import { setupFailure } from '../failure.mjs';
import { withLock } from '../lock.mjs';
import { isAtLeast, pins } from '../pins.mjs';
import { withProgress } from '../progress.mjs';
import { root } from '../root.mjs';
import { answerOf, runQuietly } from './command.mjs';

const kit = join(root, 'engine', 'kit');
const PACKAGE = 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi';
const VERSION_VARIABLE = 'github.com/pulumi/pulumi/sdk/v3/go/common/version.Version';

/** The CLI, built from Go modules and kept outside the checkout for every checkout of this user. */
export async function kitCli() {
  const folder = join(cacheFolder(), await cacheKey());
  const file = join(folder, 'pulumi');
  if (!existsSync(file)) {
    const what = `building the pulumi CLI ${pins.cli} (a few minutes, once for this machine)`;
    await withLock(`${folder}.lock`, what, () => existsSync(file) || build(what, folder));
  }
  return { way: 'kit', version: `v${pins.cli}`, folder };
}

async function cacheKey() {
  const platform = await goPlatform();
  const hash = createHash('sha256').update(platform);
  for (const name of ['go.mod', 'go.sum']) hash.update(readFileSync(join(kit, name)));
  return `cli-${pins.cli}-${hash.digest('hex').slice(0, 16)}`;
}

async function goPlatform() {
  const answer = await answerOf('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'], { cwd: kit, env: goEnvironment() });
  if (answer !== undefined && isAtLeast(answer, pins.goAtLeast)) return answer;
  throw setupFailure({
    seen: answer === undefined ? 'no Go on PATH and no official pulumi CLI' : `Go ${answer.split('\n')[0]}`,
    expected: `Go ${pins.goAtLeast.join('.')} or newer, or pulumi ${pins.cliAtLeast.join('.')} or newer on PATH`,
    next: 'install one of the two, then npm run setup',
  });
}

// The optimised build takes a minute longer than an unoptimised one and halves what every start of the CLI costs.
async function build(what, folder) {
  const temporary = `${folder}.${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  let packages = 0;
  const args = ['build', '-v', '-mod=readonly', '-buildvcs=false', '-trimpath'];
  const flags = `-s -w -X ${VERSION_VARIABLE}=v${pins.cli}`;
  try {
    await withProgress(
      what,
      () =>
        runQuietly('go', [...args, '-ldflags', flags, '-o', join(temporary, 'pulumi'), PACKAGE], options(), () => {
          packages += 1;
        }),
      () => `, ${packages} packages`,
    );
    publish(temporary, folder);
  } catch (cause) {
    throw setupFailure({
      seen: `a failed build of the pulumi CLI (${cause.message})`,
      expected: 'go build to succeed from package registries',
      next: 'check that the Go module proxy answers, then npm run setup',
      cause,
    });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function publish(temporary, folder) {
  try {
    renameSync(temporary, folder);
  } catch (error) {
    // Another process was first; its build is the same.
    if (!existsSync(join(folder, 'pulumi'))) throw error;
  }
}

const options = () => ({ cwd: kit, env: goEnvironment() });
const goEnvironment = () => ({ ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' });
