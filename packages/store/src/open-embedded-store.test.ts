import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { MIGRATIONS } from './migrations.ts';
import { openEmbeddedStore } from './open-embedded-store.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function place(): { readonly folder: string; readonly key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'backplane-store-'));
  folders.push(folder);
  return { folder, key: randomBytes(32).toString('hex') };
}

const template = (text: string) => ({
  name: text,
  display_name: '',
  description: '',
  plugin_type: 'custom',
  files: '{}',
  created_at: 1,
});

it('holds nothing that can be read without its key', async () => {
  const where = place();
  const store = await openEmbeddedStore(where);
  await store.db.insertInto('plugin_templates').values(template('canary-in-the-store')).execute();
  const files = readdirSync(where.folder).map((name) => readFileSync(join(where.folder, name)));
  await store.close();
  files.push(readFileSync(join(where.folder, 'store.db')));
  for (const bytes of files) expect(bytes.includes('canary')).toBe(false);
  await expect(openEmbeddedStore({ ...where, key: randomBytes(32).toString('hex') })).rejects.toMatchObject({
    code: 'BP_STORE_UNREADABLE',
  });
  await (await openEmbeddedStore(where)).close();
});

it('has one owner, whose name the second one is told', async () => {
  const where = place();
  const store = await openEmbeddedStore(where);
  await expect(openEmbeddedStore(where)).rejects.toMatchObject({
    code: 'BP_STORE_IN_USE',
    message: expect.stringContaining(`process ${process.pid}, which started at 20`),
  });
  await store.close();
  await (await openEmbeddedStore(where)).close();
});

it('copies a database before it changes its schema, and the copy can be put back', async () => {
  const where = place();
  const before = await openEmbeddedStore({ ...where, migrations: MIGRATIONS.slice(0, 2) });
  await before.db.insertInto('plugin_templates').values(template('precious')).execute();
  await before.close();
  await (await openEmbeddedStore(where)).close();
  const copies = readdirSync(join(where.folder, 'backups'));
  expect(copies).toEqual([expect.stringMatching(/^store-.*Z-schema-2\.db$/)]);
  const copy = join(where.folder, 'backups', copies[0] as string);
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  const other = { ...place(), key: where.key };
  copyFileSync(copy, join(other.folder, 'store.db'));
  const put = await openEmbeddedStore({ ...other, migrations: MIGRATIONS.slice(0, 2) });
  expect(await put.db.selectFrom('plugin_templates').select('name').execute()).toEqual([{ name: 'precious' }]);
  await put.close();
});

it('says that a file is damaged, and works again when a copy is put in its place', async () => {
  const where = place();
  const file = join(where.folder, 'store.db');
  const store = await openEmbeddedStore(where);
  for (let n = 0; n < 200; n++)
    await store.db
      .insertInto('plugin_templates')
      .values(template(`${n}`.repeat(50)))
      .execute();
  await store.close();
  const sound = readFileSync(file);
  writeFileSync(file, Buffer.concat([sound.subarray(0, 4096), randomBytes(sound.length - 4096)]));
  await expect(
    openEmbeddedStore(where).then(async (opened) => {
      try {
        await opened.db.selectFrom('plugin_templates').selectAll().execute();
      } finally {
        await opened.close();
      }
    }),
  ).rejects.toMatchObject({ code: expect.stringMatching(/^BP_STORE_(?:DAMAGED|UNREADABLE|MIGRATION_FAILED)$/) });
  writeFileSync(file, sound);
  const mended = await openEmbeddedStore(where);
  expect(await mended.db.selectFrom('plugin_templates').select('id').execute()).toHaveLength(200);
  await mended.close();
});

it('says that the disk is full, loses nothing that was acknowledged, and goes on when there is room', async ({
  skip,
}) => {
  const where = place();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', where.folder]).status !== 0)
    skip('Only root may mount a small disk.');
  try {
    const ballast = join(where.folder, 'ballast');
    const store = await openEmbeddedStore(where);
    writeFileSync(ballast, Buffer.alloc(300_000));
    let kept = 0;
    const write = async () => {
      await store.db
        .insertInto('plugin_templates')
        .values(template(`${kept} ${'x'.repeat(3000)}`))
        .execute();
      kept++;
    };
    const fill = async () => {
      for (;;) await write();
    };
    await expect(fill()).rejects.toMatchObject({ code: 'BP_STORE_FULL' });
    expect(kept).toBeGreaterThan(5);
    rmSync(ballast);
    await write();
    await store.close();
    const again = await openEmbeddedStore(where);
    expect(await again.db.selectFrom('plugin_templates').select('id').execute()).toHaveLength(kept);
    await again.close();
  } finally {
    spawnSync('umount', ['-l', where.folder]);
  }
});

it('says which folder cannot be used', async () => {
  const { folder, key } = place();
  writeFileSync(join(folder, 'file'), '');
  await expect(openEmbeddedStore({ folder: join(folder, 'file'), key })).rejects.toMatchObject({
    code: 'BP_STORE_UNUSABLE',
  });
});
