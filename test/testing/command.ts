import { type ExecFileOptions, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command as it is built. */
export const BACKPLANE = fileURLToPath(new URL('../../packages/cli/bin/backplane.js', import.meta.url));

/** What a command has printed, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `backplane` to its end, without colours. */
export function backplane(
  args: readonly string[],
  { env, input, cwd }: Pick<ExecFileOptions, 'cwd' | 'env'> & { readonly input?: string } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BACKPLANE, ...args], {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: 'pipe',
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (part) => {
      out += part;
    });
    child.stderr.on('data', (part) => {
      err += part;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
    child.stdin.end(input ?? '');
  });
}
