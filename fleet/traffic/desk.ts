import type { World } from '../world.ts';
import type { Answer } from './client.ts';

/** Pages of the host itself, and what they have to say while anything may happen to plugins. `undefined` where it fits. */
const PAGES: Readonly<Record<string, (answer: Answer, serving: ReadonlySet<string>) => string | undefined>> = {
  '/health': ({ status, body }) => (status === 200 && 'status' in json(body) ? undefined : 'no health'),
  '/ready': ({ status }) => (status === 200 ? undefined : 'not ready'),
  '/metrics': ({ status, body }) => (status === 200 ? metricsMisfit(body.toString()) : 'no metrics'),
  '/plugins/metrics': ({ status, body }) => (status === 200 && json(body) ? undefined : 'no metrics of plugins'),
  '/extension-points': ({ status, body }) => (status === 200 && json(body) ? undefined : 'no extension points'),
  '/plugins/status': ({ status, body }, serving) => {
    if (status !== 200) return 'no status';
    const { plugins } = json(body) as { readonly plugins: readonly { readonly name: string }[] };
    const named = new Set(plugins.map(({ name }) => name));
    const missing = [...serving].filter((name) => !named.has(name));
    return missing.length === 0 ? undefined : `without ${missing.join(', ')}`;
  },
};

const SAMPLE =
  /^[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*",?)*\})? (?:[-+]?[\d.]+(?:e[-+]?\d+)?|[-+]?Inf|NaN)$/;

/** Asks for each page of the host in turn, as a dashboard and a scraper do. */
export async function lookUp(world: World, turn: number): Promise<void> {
  const names = Object.keys(PAGES);
  const page = names[turn % names.length] as string;
  const before = servingOf(world);
  try {
    const answer = await world.client.ask(page, { headers: { authorization: `Bearer ${world.host.settings.token}` } });
    const serving = before.intersection(servingOf(world));
    const misfit = PAGES[page]?.(answer, serving);
    if (misfit !== undefined)
      world.findings.add(
        page,
        'what it says at any time',
        `${misfit}: ${answer.status} ${answer.body.toString().slice(0, 600)}`,
      );
    world.figures.count('pages of the host');
  } catch (error) {
    world.findings.add(page, 'an answer', String(error));
  }
}

/** Without those that the operation under way is about: they may be on their way out. */
const servingOf = ({ members, focus }: World): Set<string> =>
  new Set(members.filter((member) => member.berth === 'serving' && !focus.includes(member)).map(({ name }) => name));

const json = (body: Buffer): object => JSON.parse(body.toString()) as object;

function metricsMisfit(text: string): string | undefined {
  const odd = text.split('\n').find((line) => line !== '' && !line.startsWith('#') && !SAMPLE.test(line));
  if (odd !== undefined) return `a line that is no sample: ${odd.slice(0, 200)}`;
  return text.includes('\nbackplane_generation ') ? undefined : 'no backplane_generation';
}
