import type { Clock } from '@backplane/base';
import { createProcessUnit } from '@backplane/isolation';
import { runWithCall } from '@backplane/kernel';
import { describePlugin } from './describe-plugin.ts';
import type { Isolate } from './plugin-reader.ts';

/** Makes units that run in a process of their own. */
export function createIsolate({ cacheDir, clock }: { readonly cacheDir: string; readonly clock: Clock }): Isolate {
  const compiled = import.meta.url.endsWith('.js');
  const child = {
    entry: new URL(compiled ? './child-entry.js' : './child-entry.ts', import.meta.url),
    execArgv: compiled ? [] : ['--conditions=backplane-source'],
    env: { BACKPLANE_BUNDLE_CACHE: cacheDir },
  };
  return async (candidate) => {
    const { data, digest, inputs } = await describePlugin(candidate, child);
    const unit = createProcessUnit({
      data,
      digest,
      origin: candidate.origin,
      entry: { path: candidate.entry, ...(candidate.exportName !== undefined && { exportName: candidate.exportName }) },
      childEntry: child.entry,
      execArgv: child.execArgv,
      env: child.env,
      clock,
      run: runWithCall,
    });
    return { unit, inputs };
  };
}
