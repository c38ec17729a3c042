import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that the system gives to connections that go out: nobody takes it while it is closed for a moment. */
const FROM = 20_000;
const TO = 30_000;

/** A port of loopback that nobody listens on. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = FROM + Math.floor(Math.random() * (TO - FROM));
    const server = createServer();
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      server.close();
      await once(server, 'close');
      return port;
    } catch {
      // Taken: another one.
    }
  }
}
