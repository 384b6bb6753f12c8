import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { Decision } from '../domain/apr.ts';
import { stateDirOf } from '../runtime/paths.ts';
import { VOTER_LOGINS } from '../runtime/roles.ts';
import { castVote } from './apr/cast.ts';
import { contentOf, listRequests, showRequest } from './apr/read.ts';
import { listTable, requestJson, requestLines } from './apr/say.ts';
import { examples, printAnswer } from './output.ts';

interface JsonFlag {
  readonly json?: boolean;
}

/** `c1 apr …`: approval requests, for the owners who vote on them (authority.md, "APR"). */
export function addApr(program: Command): void {
  const apr = program
    .command('apr')
    .description('approval requests (APR): look at what is asked for, approve or deny it')
    .addHelpText(
      'after',
      examples('npx c1 apr list', 'npx c1 apr show APR-…', 'npx c1 apr approve APR-… --as voter_owner_1'),
    );
  addList(apr);
  addShow(apr);
  addVote(apr, 'approve', 'sign and cast an approval; it holds for this very request and no other');
  addVote(apr, 'deny', 'sign and cast a denial; it is final and closes the request');
}

function addList(apr: Command): void {
  apr
    .command('list')
    .description('print the requests, the newest first; only live ones unless --all')
    .option('--all', 'closed requests too')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('npx c1 apr list', 'npx c1 apr list --all --json'))
    .action(async ({ all = false, json = false }: JsonFlag & { all?: boolean }) => {
      const requests = await listRequests(stateDirOf(process.env), all);
      await printAnswer({ text: listTable(requests, all), json: { requests: requests.map(requestJson) } }, json);
    });
}

function addShow(apr: Command): void {
  apr
    .command('show')
    .argument('<apr>', 'code of the request')
    .description('print what a request asks for, who signed it, and every vote with its signature checked')
    .option('--content <file>', 'write the new file of the patch there, to be read')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('npx c1 apr show APR-…', 'npx c1 apr show APR-… --content new-registrar'))
    .action(async (code: string, { json = false, content }: JsonFlag & { content?: string }) => {
      const shown = await showRequest(stateDirOf(process.env), code);
      if (content !== undefined) await writeFile(content, contentOf(shown.request));
      const text = [...requestLines(shown), ...(content === undefined ? [] : [`the new file is in ${content}`])];
      await printAnswer({ text, json: requestJson(shown) }, json);
    });
}

function addVote(apr: Command, decision: Decision, description: string): void {
  apr
    .command(decision)
    .argument('<apr>', 'code of the request')
    .description(description)
    .addOption(
      new Option('--as <owner>', 'who votes: a voter login and name of the allowed signers')
        .choices(VOTER_LOGINS)
        .makeOptionMandatory(),
    )
    .option('--key <file>', 'private SSH key to sign with; the stand-in key of that owner without it')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples(`npx c1 apr ${decision} APR-… --as voter_owner_1`))
    .action(async (code: string, { as, key, json = false }: JsonFlag & { as: string; key?: string }) => {
      const cast = await castVote(stateDirOf(process.env), { code, voter: as, decision, keyFile: key ?? null });
      await printAnswer({ text: cast.text, json: cast.json }, json);
    });
}
