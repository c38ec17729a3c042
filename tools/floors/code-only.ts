const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;

/**
 * The text with comments, strings and templates blanked out, so that what is left is code. Lines and columns stay.
 * Regular expressions are not told apart: one that contains a quotation mark may blank the rest of its line.
 */
export function codeOnly(text: string): string {
  return text.replace(TOKEN, (token) => token.replaceAll(/[^\n]/g, ' '));
}
