import { type Clock, withTimeLimit } from '@backplane/base';
import { errors } from './errors.ts';
import type { ProcessLink } from './process-link.ts';
import { SAY } from './protocol.ts';

/** Milliseconds. Together they bound the end of a process. */
export interface EndLimits {
  /** To end by itself after being asked. Default 2,000. */
  readonly polite?: number;
  /** From SIGTERM to SIGKILL. Default 1,000. */
  readonly terminate?: number;
  /** From SIGKILL to giving up with BP_PROCESS_UNKILLABLE. Default 5,000. */
  readonly kill?: number;
}

export interface EndOptions {
  /** For messages. */
  readonly plugin: string;
  readonly clock: Clock;
  readonly limits: EndLimits;
  /** Told when the process had to say something against it. */
  readonly unclean: (error: unknown) => void;
}

/** Asks a process to end, then makes it. @throws BP_PROCESS_UNKILLABLE */
export async function endProcess({ process, peer }: ProcessLink, options: EndOptions): Promise<void> {
  const { plugin, clock, limits } = options;
  const within = async (ms: number): Promise<boolean> => {
    try {
      await withTimeLimit(
        clock,
        ms,
        () => process.ended,
        () => new Error('limit'),
      );
      return true;
    } catch {
      return false;
    }
  };
  // Its answer does not matter: what counts is that the process ends.
  peer.request(SAY.dispose, undefined).catch(options.unclean);
  if (await within(limits.polite ?? 2000)) return;
  process.kill('SIGTERM');
  if (await within(limits.terminate ?? 1000)) return;
  process.kill('SIGKILL');
  const waitedMs = limits.kill ?? 5000;
  if (await within(waitedMs)) return;
  throw errors.BP_PROCESS_UNKILLABLE({ plugin, pid: process.pid, waitedMs });
}
