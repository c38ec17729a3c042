import type * as Yaml from 'yaml';
import type { Refusal } from './yaml-walk.ts';

/** Words, signs and line ends: some 15,000 lines. A hostile mebibyte has ten times as many, and would block the loop for up to 14 s. */
const MOST_LEXEMES = 100_000;
/** The parser keeps up to two levels for each one that is written. */
const DEEPEST_STACK = 256;

/** Parses the one document of a text, and gives up in good time when it is huge in lexemes or nested too deeply. */
export function boundedParse(
  yaml: typeof Yaml,
  text: string,
  lines: Yaml.LineCounter,
  customTags: Yaml.ScalarTag[] = [],
): Yaml.Document.Parsed | Refusal {
  const parser = new yaml.Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: Yaml.CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new yaml.Lexer().lex(text)) {
    if (++lexemes > MOST_LEXEMES) return { reason: 'it has too many lines and words', offset: parser.offset };
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > DEEPEST_STACK) return { reason: 'it is nested too deeply', offset: parser.offset };
  }
  for (const token of parser.end()) tokens.push(token);
  const composer = new yaml.Composer({ version: '1.2', schema: 'core', uniqueKeys: false, customTags });
  const [first, second] = composer.compose(tokens, true, text.length);
  if (second !== undefined) return { reason: 'it has more than one document', offset: second.range[0] };
  return first ?? { reason: 'it has no document', offset: 0 };
}
