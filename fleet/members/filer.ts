import { hail } from '../oracle/hail.ts';
import { bytePieces } from '../plugins/bytes.ts';
import type { Random } from '../random.ts';
import type { Answer } from '../traffic/client.ts';
import type { World } from '../world.ts';
import type { Member, MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

/** The file that `@fastify/static` serves. */
export const CARGO = Buffer.concat([...bytePieces(7, 150_000, 65_536)]);

/** Serves a file through `@fastify/static`. */
export const filer: MemberKind = {
  name: 'filer',
  async visit(world, member, random) {
    if (random.chance(0.4)) await askForReport(world, member, random);
    else await fetchFile(world, member, random);
  },
};

interface Request {
  readonly method?: 'HEAD';
  readonly headers?: Record<string, string>;
  fits(answer: Answer): string | undefined;
}

async function fetchFile(world: World, member: Member, random: Random): Promise<void> {
  const heard = await hail(world, member, { path: '/files/cargo.bin', ...chooseRequest(random) });
  const etag = heard?.answer.status === 200 ? heard.answer.headers.etag : undefined;
  if (etag === undefined) return;
  await hail(world, member, {
    path: '/files/cargo.bin',
    headers: { 'if-none-match': String(etag) },
    fits: ({ status, body }) => (status === 304 && body.length === 0 ? undefined : 'not 304 without a body'),
  });
}

function chooseRequest(random: Random): Request {
  const kind = random.int(1, 5);
  if (kind === 1) return { method: 'HEAD', fits: (answer) => misfit(answer, 200, Buffer.alloc(0)) };
  if (kind === 2) return { fits: (answer) => misfit(answer, 200, CARGO) };
  if (kind === 3)
    return {
      headers: { range: `bytes=${CARGO.length}-` },
      fits: ({ status }) => (status === 416 ? undefined : 'not 416'),
    };
  const from = random.int(0, CARGO.length - 1);
  const to = random.int(from, CARGO.length - 1);
  const wanted = `bytes ${from}-${to}/${CARGO.length}`;
  return {
    headers: { range: `bytes=${from}-${to}` },
    fits: (answer) =>
      answer.headers['content-range'] === wanted
        ? misfit(answer, 206, CARGO.subarray(from, to + 1))
        : `content-range ${answer.headers['content-range']}, not ${wanted}`,
  };
}

function misfit({ status, body }: Answer, wanted: number, bytes: Buffer): string | undefined {
  if (status !== wanted) return `not ${wanted}`;
  return body.equals(bytes) ? undefined : `${body.length} bytes that are not the ${bytes.length} of the file`;
}
