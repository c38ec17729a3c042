import { type Clock, type ClockTimer, messageOf } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';

/** So often is looked whether another host has changed what is to run: one row of a table. */
const LOOK_MS = 2000;

/** Looks again and again whether another host has changed what is to run, until it is disposed of. A database that is away is told once. */
export function follow(desk: { follow(): Promise<void> }, clock: Clock, logger: Logger): Disposable {
  let timer: ClockTimer | undefined;
  let ended = false;
  let isAway = false;
  const look = async (): Promise<void> => {
    try {
      await desk.follow();
      if (isAway) logger.info('Changes of other hosts are seen again.');
      isAway = false;
    } catch (error) {
      if (!isAway) logger.warn(`Changes of other hosts cannot be seen: ${messageOf(error)}`, { error });
      isAway = true;
    }
    if (!ended) again();
  };
  const again = (): void => {
    timer = clock.after(LOOK_MS, () => void look());
  };
  again();
  return {
    [Symbol.dispose]() {
      ended = true;
      timer?.cancel();
    },
  };
}
