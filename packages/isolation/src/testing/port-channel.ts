import type { MessagePort } from 'node:worker_threads';
import type { Channel } from '../channel.ts';

/** A channel over a MessagePort, to test a Peer without a process. It is never behind. */
export function createPortChannel(port: MessagePort): Channel {
  return {
    send(message) {
      port.postMessage(message);
      return true;
    },
    close: () => port.close(),
    listen(to) {
      port.on('message', (message) => to.message(message));
      port.on('close', () => to.closed());
    },
  };
}
