import { once } from 'node:events';
import { Cron } from 'croner';
import { openLine } from './line.ts';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** Tells the quay of every second, by a cron job; the scope starts the job at the swap and pauses it while a newer version is tried. */
export const clockmaker = (variant: Variant) =>
  ship(variant, {
    board(context) {
      const { scope } = context;
      return {
        async start() {
          const line = await openLine(Number(variant.options?.quay), 'ticks', context);
          scope.add('line', () => void line.destroy());
          scope.task('cron', async (signal) => {
            const job = new Cron('* * * * * *', () => void line.write(`${Math.floor(Date.now() / 1000)}\n`));
            if (!signal.aborted) await once(signal, 'abort');
            job.stop();
          });
        },
      };
    },
  });
