import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { AnchorFile, readAnchors } from './anchor-file.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'backplane-anchors-'));
  folders.push(folder);
  return join(folder, 'inner', 'audit.anchors');
}

const head = (sequence: number, node = 'n') => ({
  node,
  sequence,
  hash: 'a'.repeat(64),
  time: sequence,
  key_id: 'k',
  signature: 'c2ln',
});

async function all(path: string): Promise<readonly (number | undefined)[]> {
  const found: (number | undefined)[] = [];
  for await (const { head } of readAnchors(path)) found.push(head?.sequence);
  return found;
}

it('is for this user alone, and only grows', async () => {
  const path = place();
  expect(await all(path)).toEqual([]);
  const file = await AnchorFile.open(path);
  expect(await all(path)).toEqual([]);
  await file.append(head(1));
  const before = readFileSync(path);
  await file.append(head(2));
  await file.close();
  expect(readFileSync(path).subarray(0, before.length).equals(before)).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
  expect(await all(path)).toEqual([1, 2]);
});

it('finds the last head of a node from the end, behind any number of others', async () => {
  const path = place();
  const file = await AnchorFile.open(path);
  await file.append(head(7, 'rare'));
  await file.append(head(8, 'rare'));
  const lines = Array.from({ length: 3_000 }, (_, index) => `${JSON.stringify(head(index, 'busy'))}\n`);
  appendFileSync(path, lines.join(''));
  expect(await file.lastOf('rare')).toEqual(head(8, 'rare'));
  expect(await file.lastOf('busy')).toEqual(head(2_999, 'busy'));
  expect(await file.lastOf('nobody')).toBeUndefined();
  await file.close();
});

it('goes on behind a line that was torn at any place, which is no head', async () => {
  const path = place();
  const line = `${JSON.stringify(head(2))}\n`;
  await (await AnchorFile.open(path)).close();
  for (let length = 1; length < line.length - 1; length += 7) {
    writeFileSync(path, `${JSON.stringify(head(1))}\n${line}`);
    truncateSync(path, `${JSON.stringify(head(1))}\n`.length + length);
    const file = await AnchorFile.open(path);
    expect(file.torn).toBe(true);
    expect(await file.lastOf('n')).toEqual(head(1));
    await file.append(head(3));
    expect(file.torn).toBe(false);
    await file.close();
    expect(await all(path)).toEqual([1, undefined, 3]);
  }
});

it('counts a last line that lacks its end alone', async () => {
  const path = place();
  await (await AnchorFile.open(path)).close();
  writeFileSync(path, JSON.stringify(head(1)));
  const file = await AnchorFile.open(path);
  expect(file.torn).toBe(true);
  expect(await file.lastOf('n')).toEqual(head(1));
  await file.append(head(2));
  await file.close();
  expect(await all(path)).toEqual([1, 2]);
});
