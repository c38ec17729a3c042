import { systemClock } from '@backplane/base';
import { serveChildProcess } from '@backplane/isolation';
import { runWithCall } from '@backplane/kernel';
import { createLoader, enableSourceMaps } from '@backplane/loader';
import { createChildInstance } from './child-instance.ts';
import { describeInChild } from './describe-plugin.ts';
import { sharedModules } from './shared-modules.ts';

// The entry of an isolated plugin's process: the one place besides the command line that reads the environment.
enableSourceMaps();
const loader = createLoader({ cacheDir: process.env.BACKPLANE_BUNDLE_CACHE ?? '', shared: sharedModules });
if (process.env.BACKPLANE_DESCRIBE === '1') {
  describeInChild(process, loader);
} else {
  serveChildProcess({
    self: process,
    clock: systemClock,
    createInstance: (seat) => createChildInstance(seat, loader, systemClock),
    run: runWithCall,
  });
}
