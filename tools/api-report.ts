/**
 * Writes what plugin authors see, the api reports of `packages/plugin-api`, one for each entry point, from the built declarations, so that a
 * change of it is reviewed as a change of the contract.
 *   npm run api-report [-- --check]
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { root, settle } from './generated-file.ts';

const PACKAGE = 'packages/plugin-api';

const MAIN = 'index.d.ts';
/** The declarations of each entry point, by the report about them. */
const ENTRIES = { 'api-report.md': MAIN, 'api-report-decorators.md': 'decorators.d.ts' };

// Without the condition that leads to the sources, so that the base package is seen as it is published.
const COMPILER = {
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
  },
};

/** The report as API Extractor makes it from an entry point's declarations. Messages that are no part of a report are errors. */
async function apiReport(entry: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'backplane-api-'));
  try {
    const config = ExtractorConfig.prepare({
      packageJsonFullPath: join(root, PACKAGE, 'package.json'),
      configObjectFullPath: undefined,
      configObject: {
        projectFolder: join(root, PACKAGE),
        mainEntryPointFilePath: `<projectFolder>/dist/${entry}`,
        bundledPackages: ['@backplane/base'],
        compiler: { overrideTsconfig: { ...COMPILER, files: [`dist/${entry}`] } },
        apiReport: {
          enabled: true,
          reportFolder: folder,
          reportTempFolder: join(folder, 'temp'),
          reportFileName: 'plugin.api.md',
          // What another entry point takes from the main one stands in its report.
          includeForgottenExports: entry === MAIN,
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        newlineKind: 'lf',
        messages: {
          compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
          extractorMessageReporting: {
            default: { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true },
            // Nothing is alpha, beta or internal here: what is exported is public.
            'ae-missing-release-tag': { logLevel: ExtractorLogLevel.None },
            'ae-undocumented': { logLevel: ExtractorLogLevel.None },
            ...(entry !== MAIN && { 'ae-forgotten-export': { logLevel: ExtractorLogLevel.None } }),
          },
          // Our docstrings are prose with Markdown, not TSDoc markup.
          tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        },
      },
    });
    const result = Extractor.invoke(config, {
      localBuild: true,
      messageCallback: (message) => {
        message.handled = message.logLevel !== ExtractorLogLevel.Error;
      },
    });
    if (!result.succeeded) throw new Error(`API Extractor refused ${PACKAGE}/dist/${entry}: see above.`);
    return await readFile(join(folder, 'plugin.api.md'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

for (const [report, entry] of Object.entries(ENTRIES))
  await settle(`${PACKAGE}/${report}`, await apiReport(entry), 'npm run api-report');
