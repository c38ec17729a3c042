#!/usr/bin/env node
import { createProgram } from './program.ts';

// Whoever reads only the beginning, as `head` does, has what it wants.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

await createProgram().parseAsync();
