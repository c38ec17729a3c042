import { describe, expect, test } from 'vitest';
import { useLoader } from './testing/use-loader.ts';

const fixture = useLoader();

describe('refusals', () => {
  test('names file, line and column of a syntax error and shows the lines around', async () => {
    fixture.folder.write({
      'plugin.ts': "import './broken.ts';",
      'broken.ts': 'export const ok = 1;\nexport const = 2;\n',
    });
    const error = await fixture.refusal('plugin.ts');
    expect(error).toMatchObject({
      code: 'BP_PLUGIN_SYNTAX',
      details: {
        problems: [
          {
            file: fixture.folder.file('broken.ts'),
            line: 2,
            column: 14,
            frame: expect.stringContaining('> 2 | export const = 2;'),
          },
        ],
      },
    });
    expect(error.message).toContain(`${fixture.folder.file('broken.ts')}:2:14`);
  });

  test('names the import of a package that is not there', async () => {
    fixture.folder.write({ 'plugin.ts': "\nimport nothing from 'no-such-package';\nexport default nothing;" });
    expect(await fixture.refusal('plugin.ts')).toMatchObject({
      code: 'BP_PLUGIN_IMPORT_NOT_FOUND',
      details: { problems: [{ text: 'Could not resolve "no-such-package"', line: 2, column: 21 }] },
    });
  });

  test('names the import of an export that a shared package does not have', async () => {
    fixture.folder.write({
      'plugin.ts':
        "import { join } from 'node:path';\nimport { nowhere } from 'node:os';\nexport default [join, nowhere];",
    });
    const error = await fixture.refusal('plugin.ts');
    expect(error).toMatchObject({
      code: 'BP_PLUGIN_IMPORT_NOT_FOUND',
      details: {
        problems: [
          {
            text: 'No matching export in "node:os" for import "nowhere"',
            file: fixture.folder.file('plugin.ts'),
            line: 2,
          },
        ],
      },
    });
  });

  test('gives what the top level threw as the cause', async () => {
    fixture.folder.write({ 'plugin.ts': "export const a = 1;\nthrow new TypeError('not today');" });
    const error = await fixture.refusal('plugin.ts');
    expect(error).toMatchObject({ code: 'BP_PLUGIN_EVALUATION', details: { reason: 'not today' } });
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  test('works again after a mistake was mended', async () => {
    fixture.folder.write({ 'plugin.ts': 'export const = 1;' });
    await fixture.refusal('plugin.ts');
    fixture.folder.write({ 'plugin.ts': 'export const a = 1;' });
    expect((await fixture.load('plugin.ts')).exports.a).toBe(1);
  });

  test('refuses what is no file, no code, or comes after the end', async () => {
    expect(await fixture.refusal('absent.ts')).toMatchObject({ code: 'BP_PLUGIN_ENTRY_NOT_FOUND' });
    expect(await fixture.refusal('style.css')).toMatchObject({ code: 'BP_PLUGIN_FILE_UNSUPPORTED' });
    await fixture.loader.close();
    await fixture.loader.close();
    expect(await fixture.refusal('plugin.ts')).toMatchObject({ code: 'BP_LOADER_CLOSED' });
  });
});
