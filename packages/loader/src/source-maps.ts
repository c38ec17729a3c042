import module from 'node:module';

/**
 * From here on stack traces name file, line and column of the authors' sources, also for code made from text.
 * Call it once, before the first load; it holds for the whole process. Calling it again does nothing.
 */
export function enableSourceMaps(): void {
  module.setSourceMapsSupport(true, { generatedCode: true, nodeModules: true });
}
