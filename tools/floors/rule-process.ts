import { codeOnly } from './code-only.ts';
import type { Finding, Rule } from './finding.ts';
import { lineAt, withoutTypes } from './source-imports.ts';
import type { SourceFile } from './workspace.ts';

const ALLOWED = /^packages\/(runtime|cli)\/src\//;
const NAMED_IMPORT = /^import\s*\{[^}]*\b(?:env|exit|exitCode|abort)\b[^}]*\}\s*from\s*['"](?:node:)?process['"]/gm;
const USES = [
  { pattern: /\bprocess\s*\.\s*(?:env|exit|exitCode|abort|reallyExit)\b/g, what: 'environment and exit' },
  { pattern: /\{[^}]*\b(?:env|exit|exitCode|abort)\b[^}]*\}\s*=\s*process\b(?!\s*\.)/g, what: 'environment and exit' },
  {
    pattern: /\bprocess\s*\.\s*(?:on|once|addListener|prependListener|prependOnceListener)\s*\(/g,
    what: 'signals and the end of the process',
    // Whoever listens to a warning or a message changes nothing for the rest of the process.
    harmless: /^\s*(['"])(?:warning|message|disconnect)\1/,
  },
];

/** A host may be a guest in somebody else's process: only runtime and cli touch the environment, signals and exit. */
export const processUse: Rule = ({ units }) =>
  units
    .flatMap((unit) => unit.sources)
    .filter((source) => !source.isTest && !source.broken && !ALLOWED.test(source.path))
    .flatMap((source) => [...members(source), ...imported(source)]);

function members({ path, text }: SourceFile): readonly Finding[] {
  const stripped = withoutTypes(text);
  const code = codeOnly(stripped);
  return USES.flatMap(({ pattern, what, harmless }) =>
    [...code.matchAll(pattern)]
      .filter((match) => !harmless?.test(stripped.slice(match.index + match[0].length)))
      .map((match) => finding(path, lineAt(text, match.index), `${match[0].trim()}: ${what}`)),
  );
}

function imported({ path, text }: SourceFile): readonly Finding[] {
  return [...text.matchAll(NAMED_IMPORT)].map((match) =>
    finding(path, lineAt(text, match.index), 'import from node:process: environment and exit'),
  );
}

const finding = (file: string, line: number, what: string): Finding => ({
  file,
  line,
  rule: 'process',
  why: `${what} belong to packages/runtime and packages/cli alone. Take it as an option.`,
});
