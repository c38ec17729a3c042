import { statSync } from 'node:fs';
import { errors } from './errors.ts';
import { configDirOf, type Environment, type StartFlags } from './start-options.ts';

/**
 * Gives the folder of configuration, which is there if anybody named one: a host that runs on defaults because of a slip is worse than none.
 * @throws BP_OPTION_INVALID
 */
export function checkConfigDir(flags: StartFlags, environment: Environment): string {
  const { folder, named } = configDirOf(flags, environment);
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined && named === undefined) return folder;
  if (found?.isDirectory()) return folder;
  const expected = found === undefined ? 'a folder that is there' : 'a folder';
  throw errors.BP_OPTION_INVALID({ option: named ?? '--config', value: folder, expected });
}
