import type { Serving } from '../oracle/fitting.ts';
import { hail } from '../oracle/hail.ts';
import type { Random } from '../random.ts';
import type { Answer } from '../traffic/client.ts';
import type { World } from '../world.ts';
import type { Member, MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

/** Requests that a visitor may make. */
const MOST = 5;
const ATTEMPTS = 8;

/** Limits visitors through `@fastify/rate-limit`: each instance lets exactly so many of a visitor pass. */
export const limiter: MemberKind = {
  name: 'limiter',
  options: () => ({ max: MOST }),
  async visit(world, member, random) {
    if (random.chance(0.5)) await askForReport(world, member, random);
    else await insist(world, member, random);
  },
};

async function insist(world: World, member: Member, random: Random): Promise<void> {
  const visitor = `visitor-${random.int(0, 2 ** 31)}-${random.int(0, 2 ** 31)}`;
  const attempt = () => hail(world, member, { path: '/limited', headers: { 'x-visitor': visitor }, fits: misfit });
  const heard = random.chance(0.5) ? await Promise.all(Array.from({ length: ATTEMPTS }, attempt)) : [];
  while (heard.length < ATTEMPTS) heard.push(await attempt());

  const passed = new Map<string, { yes: number; all: number }>();
  for (const one of heard) {
    if (one?.epoch.duty.kind !== 'serves') continue;
    const instance = String(one.answer.headers['x-instance']);
    const { yes, all } = passed.get(instance) ?? { yes: 0, all: 0 };
    passed.set(instance, { yes: yes + (one.answer.status === 200 ? 1 : 0), all: all + 1 });
  }
  for (const [instance, { yes, all }] of passed) {
    world.findings.expectEqual(
      `requests of ${visitor} that ${member.name}#${instance} let pass`,
      Math.min(MOST, all),
      yes,
    );
  }
}

function misfit({ status, headers, body }: Answer, { build }: Serving): string | undefined {
  if (headers['x-ratelimit-limit'] !== String(MOST)) return `x-ratelimit-limit ${headers['x-ratelimit-limit']}`;
  if (status === 200) return body.toString() === JSON.stringify({ build }) ? undefined : `not of build ${build}`;
  if (status !== 429) return 'neither 200 nor 429';
  if (headers['content-type'] !== 'application/problem+json') return `content-type ${headers['content-type']}`;
  return Number(headers['retry-after']) > 0 ? undefined : `retry-after ${headers['retry-after']}`;
}
