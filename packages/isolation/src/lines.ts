import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const MAX_LINE = 16 * 1024;

/** Calls `take` with every line of text of a stream, also an unfinished last one. Longer lines than 16,384 characters are cut into several. */
export function eachLine(stream: Readable, take: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const push = (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) emit(line.endsWith('\r') ? line.slice(0, -1) : line);
    while (rest.length > MAX_LINE) {
      take(rest.slice(0, MAX_LINE));
      rest = rest.slice(MAX_LINE);
    }
  };
  const emit = (line: string) => {
    for (let at = 0; at === 0 || at < line.length; at += MAX_LINE) take(line.slice(at, at + MAX_LINE));
  };
  stream.on('data', (chunk: Buffer) => push(decoder.write(chunk)));
  stream.on('close', () => {
    push(decoder.end());
    if (rest !== '') emit(rest);
    rest = '';
  });
  // Reading a pipe whose other end broke off is the end of it.
  stream.on('error', () => {});
}
