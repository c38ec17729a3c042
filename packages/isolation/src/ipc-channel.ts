import type { Serializable } from 'node:child_process';
import type { Channel, ChannelListener } from './channel.ts';

/** Either end of a Node IPC channel opened with `serialization: 'advanced'`: a ChildProcess, or the process of the child itself. */
export interface IpcEnd {
  readonly connected: boolean;
  send?(message: Serializable, handle: undefined, options: undefined, sent: (error: Error | null) => void): boolean;
  disconnect?(): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

/** A channel over Node's IPC. It closes when either side disconnects or ends. */
export function createIpcChannel(end: IpcEnd): Channel {
  let unsent = 0;
  let behind = false;
  let listener: ChannelListener | undefined;
  const sent = () => {
    unsent--;
    if (!behind || unsent > 0) return;
    behind = false;
    listener?.drained();
  };
  return {
    send(message) {
      if (!end.connected || end.send === undefined) return true;
      // Counted after the call, which throws for what cannot be copied; the callback never comes before it returns.
      const more = end.send(message as Serializable, undefined, undefined, sent);
      unsent++;
      if (!more) behind = true;
      return more;
    },
    close() {
      if (end.connected) end.disconnect?.();
    },
    listen(to) {
      listener = to;
      end.on('message', (message) => to.message(message));
      end.on('disconnect', () => to.closed());
      if (!end.connected) queueMicrotask(() => to.closed());
    },
  };
}
