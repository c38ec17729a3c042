import { expect, it } from 'vitest';
import { killHosts } from '../trials/kill/kill.ts';

it('has all that was acknowledged, and nothing half done, wherever it was killed', async () => {
  const { findings, kills, acknowledged } = await killHosts({ times: 6, seed: 11, say: () => {} });
  expect(findings).toEqual([]);
  expect(kills).toBe(6);
  expect(acknowledged).toBeGreaterThan(0);
});
