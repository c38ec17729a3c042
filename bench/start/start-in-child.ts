import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Started } from './start.child.ts';

/** One start, in a process of its own. */
export async function startInChild(way: string, folder: string): Promise<Started> {
  const child = fork(new URL('./start.child.ts', import.meta.url), [way, folder], {
    execArgv: ['--conditions=backplane-source', '--disable-warning=ExperimentalWarning', '--expose-gc'],
  });
  const gone = once(child, 'exit');
  const told = await Promise.race([once(child, 'message').then(([message]) => message as Started), gone]);
  await gone;
  if (Array.isArray(told)) throw new Error(`A start (${way}) ended with ${told[0]}.`);
  return told;
}
