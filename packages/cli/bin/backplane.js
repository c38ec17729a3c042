#!/usr/bin/env node
import { existsSync } from 'node:fs';

const program = new URL('../dist/backplane.js', import.meta.url);
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `Backplane needs Node 24 or newer, and this is ${process.version}. In a clone, "npx backplane" takes the one that npm has brought.\n`,
  );
  process.exitCode = 2;
} else if (!existsSync(program)) {
  process.stderr.write('Backplane has not been built. Run "npm run build" in its folder first.\n');
  process.exitCode = 2;
} else {
  await import(program.href);
}
