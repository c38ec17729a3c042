import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of its own that can be full. Only root can have one. */
export interface SmallDisk extends Disposable {
  readonly folder: string;
  /** Leaves no byte. */
  fill(): void;
  /** Takes away what filled it. */
  free(): void;
}

/** `undefined` where the machine does not allow it. On CI that is a failure: what it is for would not be tried. */
export function mountSmallDisk(mebibytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'backplane-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder]);
  if (status !== 0) {
    rmSync(folder, { recursive: true });
    if (process.env.CI === 'true') throw new Error('A small disk could not be mounted.');
    return undefined;
  }
  const ballast = join(folder, 'ballast');
  return {
    folder,
    fill() {
      for (let piece = 1 << 20; piece >= 1; ) {
        try {
          appendFileSync(ballast, Buffer.alloc(piece));
        } catch {
          piece >>= 4;
        }
      }
    },
    free: () => rmSync(ballast, { force: true }),
    [Symbol.dispose]() {
      spawnSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
