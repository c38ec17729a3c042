#!/usr/bin/env node
import { endWhenOutputCloses } from './closed-output.ts';
import { createProgram } from './program.ts';

endWhenOutputCloses();

await createProgram().parseAsync();
