import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@backplane/base';
import type { ChangeBody, OperationBody, RevisionDiffBody, RevisionPageBody } from '@backplane/wire';
import { placeName } from '@backplane/wire';
import { parseYaml } from '@backplane/wire/yaml';
import { type ChangeFlags, changeRequest, changeText } from './change-command.ts';
import { errors } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import { bodyOf, type HostSession, type SessionFlags, withHost } from './host-session.ts';
import { table } from './table.ts';

const api = (page: string): string => `/api/v1/admin/${page}`;

export interface HistoryFlags extends SessionFlags {
  readonly lines?: string;
}

/** `backplane config history`: newest first. */
export async function historyCommand(flags: HistoryFlags): Promise<void> {
  await withHost(flags, { offline: true }, async (host, { paint, show }) => {
    const page = bodyOf<RevisionPageBody>(await host.ask({ path: api(`revisions?limit=${flags.lines ?? 50}`) }));
    show(page, () => {
      const rows = page.items.map(({ revision, created_at, author, comment }) => [
        revision === page.current ? paint.bold(`* ${revision}`) : `  ${revision}`,
        created_at,
        author,
        comment.split('\n', 1)[0] ?? '',
      ]);
      if (rows.length === 0) return paint.dim('Nothing was ever changed: what the files say is what runs.');
      return table(['  REVISION', 'TIME', 'AUTHOR', 'COMMENT'], rows);
    });
    return EXIT.ok;
  });
}

export interface DiffFlags extends SessionFlags {
  readonly from?: string;
  readonly to?: string;
}

/** `backplane config diff`: what a revision changed, or in what two differ. Without any, the keys that a higher layer hides. */
export async function diffCommand(flags: DiffFlags): Promise<void> {
  const { from, to } = flags;
  await withHost(flags, { offline: true }, async (host, { paint, show }) => {
    if (from === undefined && to === undefined) {
      const config = bodyOf<HiddenConfig>(await host.ask({ path: api('config') }));
      show(config, () => hiddenText(config, paint));
      return EXIT.ok;
    }
    const path =
      from === undefined ? `revisions/${to}/diff` : `revisions/${from}/diff?to=${to ?? (await newest(host))}`;
    const diff = bodyOf<RevisionDiffBody>(await host.ask({ path: api(path) }));
    const plan = { dry_run: false, generation: null, steps: [], took_ms: null, revision: diff.to } as const;
    show(diff, () => {
      const title = paint.bold(`From revision ${diff.from} to ${diff.to}`);
      const text = changeText({ ...plan, steps: [], differences: diff.differences }, paint, host);
      return `${title}\n\n${text.split('\n\n')[0]}`;
    });
    return EXIT.ok;
  });
}

interface HiddenConfig {
  readonly plugins: readonly {
    readonly plugin: string;
    readonly values: readonly {
      readonly key: string;
      readonly layer: string;
      readonly hidden: readonly { readonly layer: string; readonly place: string | null }[];
    }[];
  }[];
}

function hiddenText({ plugins }: HiddenConfig, paint: Parameters<typeof changeText>[1]): string {
  const rows = plugins.flatMap(({ plugin, values }) =>
    values.flatMap(({ key, layer, hidden }) => hidden.map((low) => [plugin, key, layer, low.layer, low.place ?? ''])),
  );
  return rows.length === 0
    ? paint.dim('No layer hides another.')
    : table(['PLUGIN', 'KEY', 'COUNTS', 'HIDDEN', 'WHERE'], rows);
}

const newest = async (host: HostSession): Promise<number> =>
  bodyOf<RevisionPageBody>(await host.ask({ path: api('revisions?limit=1') })).current;

/** `backplane config rollback REVISION`. */
export async function rollbackCommand(revision: string, flags: ChangeFlags): Promise<void> {
  await withHost(flags, { offline: true }, async (host, { paint, show }) => {
    const request = { path: api(`revisions/${encodeURIComponent(revision)}/rollback`), method: 'POST' } as const;
    const change = bodyOf<ChangeBody>(await host.ask(changeRequest(request, flags)));
    show(change, () => changeText(change, paint, host));
    return EXIT.ok;
  });
}

export interface ApplyFlags extends ChangeFlags {
  readonly yes?: boolean;
}

/** `backplane plan [FILE]`: what `apply` would do. */
export async function planCommand(file: string | undefined, flags: SessionFlags): Promise<void> {
  await withHost(flags, { offline: file !== undefined }, async (host, { paint, show }) => {
    const plan = await planned(host, file === undefined ? undefined : await wantedIn(file));
    show(plan, () => changeText(plan, paint, host));
    return EXIT.ok;
  });
}

/** `backplane apply [FILE]`: has what a file says of plugins run; without one, what the plugin folders and files of configuration say now. */
export async function applyCommand(file: string | undefined, flags: ApplyFlags): Promise<void> {
  await withHost(flags, { offline: file !== undefined }, async (host, { paint, show }) => {
    const wanted = file === undefined ? undefined : await wantedIn(file);
    const plan = await planned(host, wanted);
    if (plan.differences.length + plan.steps.length === 0) {
      show(plan, () => changeText(plan, paint, host));
      return EXIT.ok;
    }
    if (flags.yes !== true && flags.json !== true && process.stdin.isTTY === true && file !== '-') {
      process.stdout.write(`${changeText(plan, paint, host)}\n\n`);
      if (!(await confirmed('Do this? [y/N] '))) return EXIT.failed;
    }
    const change =
      wanted === undefined
        ? bodyOf<ChangeBody>(await host.ask(changeRequest({ path: api('rescan'), method: 'POST' }, flags)))
        : await applied(host, wanted, flags, plan.revision);
    show(change, () => changeText(change, paint, host));
    return change.steps.every(({ outcome }) => outcome === 'applied') ? EXIT.ok : EXIT.failed;
  });
}

async function planned(host: HostSession, wanted: unknown): Promise<ChangeBody> {
  const request =
    wanted === undefined
      ? ({ path: api('rescan?dry_run=true'), method: 'POST' } as const)
      : ({ path: api('plan'), method: 'POST', body: wanted } as const);
  return bodyOf<ChangeBody>(await host.ask(request));
}

/** Made for the revision that was planned for: somebody else's change in between is not undone. */
async function applied(host: HostSession, wanted: unknown, flags: ApplyFlags, revision: number): Promise<ChangeBody> {
  const headers = { 'if-match': `"r${revision}"` };
  const request = changeRequest({ path: api('apply'), method: 'POST', body: wanted, headers }, flags);
  let operation = bodyOf<OperationBody>(await host.ask(request));
  const terminal = process.stderr.isTTY === true;
  for (let waited = 0; operation.status === 'running' || operation.status === 'waiting'; waited += 1) {
    if (terminal) process.stderr.write(`\rApplying${'.'.repeat((waited % 3) + 1).padEnd(3)}`);
    await sleep(Math.min(50 * 2 ** waited, 1000));
    operation = bodyOf<OperationBody>(await host.ask({ path: api(`operations/${operation.id}`) }));
  }
  if (terminal) process.stderr.write('\r           \r');
  if (operation.status === 'applied') return operation.result as ChangeBody;
  const { code, message } = operation.result as { readonly code: string; readonly message: string };
  throw errors.BP_HOST_REFUSED({ status: 409, code, reason: message });
}

async function confirmed(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(?:es)?$/i.test((await lines.question(question)).trim());
  } finally {
    lines.close();
  }
}

/** What a file of YAML or JSON says; `-` is standard input. @throws BP_OPTION_INVALID with file, line and column */
async function wantedIn(file: string): Promise<unknown> {
  const name = file === '-' ? 'standard input' : file;
  const text = await (file === '-' ? textOf(process.stdin) : readFile(file, 'utf8')).catch((error: unknown) => {
    throw errors.BP_OPTION_INVALID({
      option: 'FILE',
      value: name,
      expected: `a file that can be read (${messageOf(error)})`,
    });
  });
  const { document, problems } = await parseYaml(text, name, { frames: false });
  const [problem] = problems;
  if (document !== undefined && problem === undefined) return document.value;
  throw errors.BP_FILE_INVALID({
    place: problem === undefined ? name : placeName(problem),
    reason: problem?.message ?? 'it is empty',
  });
}
