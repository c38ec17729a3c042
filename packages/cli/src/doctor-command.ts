import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '@backplane/base';
import { type Check, type Finding, problem } from './doctor/finding.ts';
import { configurationCheck, hostCheck, productionCheck, storeCheck } from './doctor/host-checks.ts';
import { dataFolderCheck, isolationCheck, nodeCheck, pluginFoldersCheck } from './doctor/machine-checks.ts';
import { EXIT } from './exit-codes.ts';
import { type HostSession, openSession, type SessionFlags } from './host-session.ts';
import { hostOptions } from './run-host.ts';
import { createPaint, type Paint } from './start-report.ts';

export interface DoctorFlags extends SessionFlags {
  /** Warnings count as problems. */
  readonly strict?: boolean;
}

interface Looked {
  readonly check: string;
  readonly findings: readonly Finding[];
}

/** `backplane doctor`: looks at everything a host stands on: 0 when nothing is wrong, 1 when something is. Changes nothing. */
export async function doctorCommand(flags: DoctorFlags): Promise<void> {
  const options = await hostOptions(flags);
  const data = options.dataDir ?? './data';
  let session: HostSession | undefined;
  let failure: unknown;
  try {
    // To look is not to make: a host that never ran has left nothing behind.
    if (existsSync(join(data, 'database')) || flags.url !== undefined) session = await openSession(flags, true);
  } catch (error) {
    failure = error;
  }
  const checks = [
    nodeCheck,
    dataFolderCheck(data),
    pluginFoldersCheck(options.pluginPaths ?? []),
    configurationCheck(options),
    storeCheck(session, failure),
    hostCheck(session, options),
    productionCheck(options),
    isolationCheck,
  ];
  const looked: Looked[] = [];
  for (const check of checks) looked.push({ check: check.name, findings: await run(check) });
  await session?.[Symbol.asyncDispose]();
  const paint = createPaint(process.stdout.isTTY === true && !process.env.NO_COLOR);
  process.stdout.write(
    `${flags.json === true ? JSON.stringify({ checks: looked }, null, 2) : report(looked, paint)}\n`,
  );
  const wrong = looked.some(({ findings }) =>
    findings.some(({ level }) => level === 'problem' || (flags.strict && level === 'warning')),
  );
  process.exitCode = wrong ? EXIT.failed : EXIT.ok;
}

async function run(check: Check): Promise<readonly Finding[]> {
  try {
    return await check.run();
  } catch (error) {
    return [problem(messageOf(error), 'See the code in docs/errors.md.')];
  }
}

function report(looked: readonly Looked[], paint: Paint): string {
  const mark = { fine: paint.green('✓'), note: paint.dim('·'), warning: paint.yellow('!'), problem: paint.red('✗') };
  const lines = looked.flatMap(({ check, findings }) => [
    paint.bold(check),
    ...findings.flatMap(({ level, text, mend }) => [
      `  ${mark[level]} ${text.replaceAll('\n', '\n    ')}`,
      ...(mend === undefined ? [] : [`    ${paint.dim('→')} ${mend}`]),
    ]),
  ]);
  const count = (level: Finding['level']) =>
    looked.flatMap(({ findings }) => findings.filter((one) => one.level === level)).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  const verdict =
    problems + warnings === 0
      ? paint.green('Nothing is wrong.')
      : [
          problems > 0 && `${problems} ${problems === 1 ? 'problem' : 'problems'}`,
          warnings > 0 && `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`,
        ]
          .filter((part) => part !== false)
          .join(', ');
  return [...lines, '', verdict].join('\n');
}
