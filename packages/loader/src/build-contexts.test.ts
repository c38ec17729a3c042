import type { Clock } from '@backplane/base';
import { expect, test } from 'vitest';
import { BuildContexts, type Built, type Context } from './build-contexts.ts';

/** A clock whose timers are run by hand. */
function handClock() {
  let due: (() => void) | undefined;
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after(_delayMs, action) {
      due = action;
      return {
        cancel() {
          due = undefined;
        },
      };
    },
  };
  return { clock, elapse: () => due?.() };
}

function opener() {
  const disposed: string[] = [];
  const opened: string[] = [];
  const open =
    (entry: string, rebuild: () => Promise<Built> = async () => ({}) as Built) =>
    async () => {
      opened.push(entry);
      return { rebuild, dispose: async () => void disposed.push(entry) } as unknown as Context;
    };
  return { open, opened, disposed };
}

test('opens a context once for an entry and closes it when nothing was rebuilt for a while', async () => {
  const { clock, elapse } = handClock();
  const { open, opened, disposed } = opener();
  const contexts = new BuildContexts(clock);
  await contexts.rebuild('a', open('a'));
  await contexts.rebuild('a', open('a'));
  expect([opened, disposed, contexts.size]).toEqual([['a'], [], 1]);
  elapse();
  expect([disposed, contexts.size]).toEqual([['a'], 0]);
});

test('closes the least recently used beyond 32, but none that is in use', async () => {
  const { open, disposed } = opener();
  const contexts = new BuildContexts(handClock().clock);
  const { promise, resolve } = Promise.withResolvers<Built>();
  const busy = contexts.rebuild(
    'busy',
    open('busy', () => promise),
  );
  for (let index = 0; index < 33; index += 1) await contexts.rebuild(`${index}`, open(`${index}`));
  expect(disposed).toEqual(['0', '1']);
  resolve({} as Built);
  await busy;
  await contexts.close();
  expect([disposed.length, contexts.size]).toEqual([34, 0]);
});
