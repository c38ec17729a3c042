import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { eachLine } from './lines.ts';

async function linesOf(...chunks: (string | Buffer)[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  eachLine(stream, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await new Promise((resolve) => stream.on('close', resolve));
  return lines;
}

describe('eachLine', () => {
  it('joins what was cut and cuts what was joined, also inside a character', async () => {
    const euro = Buffer.from('€');
    expect(await linesOf('a\nb', 'c\r\n\nd', euro.subarray(0, 1), euro.subarray(1))).toEqual(['a', 'bc', '', 'd€']);
  });

  it('cuts endless lines', async () => {
    const lines = await linesOf('x'.repeat(40_000), '\n');
    expect(lines.map(({ length }) => length)).toEqual([16_384, 16_384, 7232]);
  });
});
