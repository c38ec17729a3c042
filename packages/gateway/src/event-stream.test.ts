import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventStream } from './event-stream.ts';

const RETRY = 'retry: 1000\n\n';

test('the retry line stands between two events, however the stream is cut into chunks and whenever it is asked for', () => {
  const newline = fc.constantFrom('\n', '\r\n', '\r');
  const line = fc.constantFrom('data: a', 'id: 7', ': comment', 'event: é');
  const event = fc
    .tuple(fc.array(line, { minLength: 1, maxLength: 3 }), newline)
    .map(([lines, end]) => lines.join(end) + end + end);
  const stream = fc.array(event, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      stream,
      fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
      fc.nat(20),
      fc.boolean(),
      (events, sizes, askAt, bytes) => {
        let sent = '';
        const response = {
          writableEnded: false,
          write(chunk: string | Uint8Array) {
            sent += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1');
            return true;
          },
        } as unknown as ServerResponse;
        const watched = new EventStream(response);
        const whole = Buffer.from(events.join('')).toString('latin1');
        let written = 0;
        let asked = false;
        for (let step = 0; written < whole.length; step++) {
          if (step === askAt) {
            watched.tellRetry();
            asked = true;
          }
          const chunk = whole.slice(written, written + (sizes.next().value as number));
          written += chunk.length;
          response.write(bytes ? Buffer.from(chunk, 'latin1') : chunk);
        }
        const at = sent.indexOf(RETRY);
        // An event that ends with the last chunk counts; one that never ends is not interrupted.
        expect(at !== -1).toBe(asked);
        expect(sent.replace(RETRY, '')).toBe(whole);
        if (at > 0) expect(sent.slice(0, at)).toMatch(/(\n\n|\r\r|\r\n\r\n)$/);
      },
    ),
  );
});
