import { transform } from 'esbuild';

/** As much of a Vite plugin as this is. */
export interface DecoratorPlugin {
  readonly name: string;
  readonly enforce: 'pre';
  transform(code: string, id: string): Promise<{ code: string; map: string } | undefined>;
}

const DECORATORS = '@backplane/plugin-api/decorators';
const SOURCE = /\.[cm]?[jt]sx?(?:$|\?)/;

/**
 * Compiles files that import the decorators, as the host does: vitest leaves `@` in, and no Node runs it. For `plugins` of `vitest.config.ts`.
 */
export function lowerDecorators(): DecoratorPlugin {
  return {
    name: 'backplane-decorators',
    enforce: 'pre',
    async transform(code, id) {
      if (!SOURCE.test(id) || !code.includes(DECORATORS)) return undefined;
      const [file = id] = id.split('?');
      return transform(code, {
        loader: file.endsWith('x') ? 'tsx' : 'ts',
        target: 'node24',
        sourcefile: file,
        sourcemap: 'external',
        charset: 'utf8',
        tsconfigRaw: {
          compilerOptions: { experimentalDecorators: false, verbatimModuleSyntax: true, jsx: 'preserve' },
        },
      });
    },
  };
}
