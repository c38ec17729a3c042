// @ts-check
// `npm test [-- VITEST ARGUMENTS]`: installs what is missing, then every check and every test. Ends at the first stage that fails.
import { spawn } from 'node:child_process';
import { BootstrapError, ensureInstalled, requireNode } from './bootstrap.mjs';
import { root, toolEnv } from './child-env.mjs';
import { stages } from './test-stages.mjs';

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<void>}
 */
function run(command, args) {
  return new Promise((resolve, reject) => {
    running = spawn(command, args, { cwd: root, env: toolEnv(), stdio: ['ignore', 'inherit', 'inherit'] });
    running.on('error', reject);
    running.on('exit', (code, signal) => {
      running = undefined;
      if (code === 0) resolve();
      else reject(new BootstrapError(signal ? `ended by ${signal}` : `exit code ${code}`));
    });
  });
}

async function main() {
  ensureInstalled();
  const node = requireNode();
  /** @type {string[]} */
  const summary = [];
  let closing = '';
  let failed = false;
  for (const { name, work } of stages(process.argv.slice(2))) {
    if (failed) {
      summary.push(`  not run  ${name}`);
      continue;
    }
    console.log(`\n== ${name}`);
    const start = performance.now();
    let outcome = 'passed ';
    let reason = '';
    try {
      await work({ run, node, say: (line) => (closing = line) });
    } catch (error) {
      failed = true;
      outcome = 'FAILED ';
      reason = `: ${error instanceof Error ? error.message : error}`;
    }
    summary.push(`  ${outcome}  ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)${reason}`);
  }
  console.log(`\n${summary.join('\n')}`);
  if (closing !== '') console.log(closing);
  if (failed) process.exitCode = 1;
}

// The terminal sends Ctrl-C to the stage as well; another sender's signal must be passed on.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => running?.kill('SIGTERM'));

try {
  await main();
} catch (error) {
  if (!(error instanceof BootstrapError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
