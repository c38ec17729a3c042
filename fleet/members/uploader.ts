import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { hail } from '../oracle/hail.ts';
import { bytePieces } from '../plugins/bytes.ts';
import type { Random } from '../random.ts';
import type { Answer } from '../traffic/client.ts';
import type { World } from '../world.ts';
import type { Member, MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

const LARGEST = 200_000;
const BOUNDARY = 'fleet-of-plugins';

/** Takes files through `@fastify/multipart`. */
export const uploader: MemberKind = {
  name: 'uploader',
  options: () => ({ fileSize: LARGEST }),
  async visit(world, member, random) {
    const share = random.next();
    if (share < 0.4) await askForReport(world, member, random);
    else if (share < 0.5) await giveUp(world, member, random);
    else await upload(world, member, random);
  },
};

async function upload(world: World, member: Member, random: Random): Promise<void> {
  const size = random.int(0, LARGEST * 1.2);
  const bytes = Buffer.concat([...bytePieces(random.int(1, 2 ** 31), size, 65_536)]);
  const name = `cargo-${random.int(1, 1e6)}.bin`;
  const pause = random.chance(0.3) ? random.int(1, 30) : 0;
  const wanted = { name, size, sha256: createHash('sha256').update(bytes).digest('hex') };
  await hail(world, member, {
    path: '/files',
    method: 'POST',
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
    body: Readable.from(form(name, bytes, pause)),
    fits: (answer) => (size > LARGEST ? tooLargeMisfit(answer) : uploadMisfit(answer, wanted)),
  });
}

/** Leaves in the middle of the body: nobody waits for an answer, and nothing of it may stay. */
async function giveUp(world: World, member: Member, random: Random): Promise<void> {
  const leaving = new AbortController();
  const bytes = Buffer.alloc(LARGEST);
  const timer = setTimeout(() => leaving.abort(), random.int(1, 40));
  try {
    await world.client.ask(`/${member.name}/files`, {
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
      body: Readable.from(form('half.bin', bytes, 20)),
      signal: leaving.signal,
    });
  } catch (error) {
    if (!leaving.signal.aborted) world.figures.count(`uploads refused in the middle: ${(error as Error).name}`);
  } finally {
    clearTimeout(timer);
  }
  if (leaving.signal.aborted) world.figures.count('uploads given up');
}

async function* form(name: string, bytes: Buffer, pauseMs: number): AsyncGenerator<Buffer> {
  const head = `content-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: application/octet-stream`;
  yield Buffer.from(`--${BOUNDARY}\r\n${head}\r\n\r\n`);
  for (let at = 0; at < bytes.length; at += 40_000) {
    if (pauseMs > 0) await sleep(pauseMs);
    yield bytes.subarray(at, at + 40_000);
  }
  yield Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
}

function uploadMisfit({ status, body }: Answer, wanted: object): string | undefined {
  if (status !== 200) return 'not 200';
  return body.toString() === JSON.stringify(wanted) ? undefined : `not ${JSON.stringify(wanted)}`;
}

function tooLargeMisfit({ status, headers }: Answer): string | undefined {
  if (status !== 413) return 'not 413';
  return headers['content-type'] === 'application/problem+json' ? undefined : 'no problem document';
}
