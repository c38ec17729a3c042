import type { Serving } from '../oracle/fitting.ts';
import { hail } from '../oracle/hail.ts';
import type { Passage } from '../oracle/outlook.ts';
import type { Shine } from '../plugins/beam.ts';
import type { Answer } from '../traffic/client.ts';
import type { World } from '../world.ts';
import type { MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

/** Provides a service to the pilots. */
export const lighthouse: MemberKind = { name: 'lighthouse', visit: askForReport };

/** Needs the lighthouse: one request sees one version of it from beginning to end. */
export const pilot: MemberKind = {
  name: 'pilot',
  dependsOn: 'lighthouse',
  async visit(world, member, random) {
    if (random.chance(0.3)) return askForReport(world, member, random);
    const light = world.lighthouse.outlook.embark();
    await hail(world, member, {
      path: `/course?pause=${random.chance(0.5) ? 0 : random.int(1, 60)}`,
      fits: (answer, duty) => courseMisfit(world, answer, duty, light),
    });
  },
};

interface Course {
  readonly build: number;
  readonly first: Shine;
  readonly second: Shine;
}

function courseMisfit(world: World, { status, body }: Answer, duty: Serving, light: Passage): string | undefined {
  if (status !== 200) return 'not 200';
  const { build, first, second } = JSON.parse(body.toString()) as Course;
  if (build !== duty.build) return `build ${build}, not ${duty.build}`;
  if (first.build !== second.build || first.instance !== second.instance)
    return 'two versions of the lighthouse in one request';
  const epoch = light.possible.find(
    ({ duty, instance }) =>
      duty.kind === 'serves' && duty.build === first.build && (instance === undefined || instance === first.instance),
  );
  if (epoch === undefined) return `a lighthouse of build ${first.build} that cannot have answered`;
  if (epoch.duty.kind === 'serves' && epoch.duty.major !== duty.major)
    return 'a lighthouse of a version that it does not need';
  epoch.instance ??= first.instance;
  light.answeredBy(epoch);
  world.figures.count('calls from plugin to plugin', 2);
  return undefined;
}
