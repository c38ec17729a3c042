/** A fenced block of a Markdown document. */
export interface Fence {
  /** `yaml`, `python`, …; empty where none is named. */
  readonly language: string;
  /** Line of the fence's first line of text, from 1. */
  readonly line: number;
  readonly heading: string;
  /** Without the indent of the fence. Ends in a line end. */
  readonly text: string;
}

export interface PrintedDocument {
  readonly lines: readonly string[];
  readonly fences: readonly Fence[];
}

/** Reads a Markdown document as lines and fenced blocks, each with the heading above it. */
export function printedDocument(markdown: string): PrintedDocument {
  const lines = markdown.split('\n');
  const fences: Fence[] = [];
  let heading = '';
  let open: { indent: number; language: string; line: number; text: string[] } | undefined;
  for (const [index, line] of lines.entries()) {
    const fence = /^(\s*)```(\w*)\s*$/.exec(line);
    if (open === undefined) {
      heading = /^#{1,6} (.*)$/.exec(line)?.[1]?.trim() ?? heading;
      if (fence) open = { indent: (fence[1] ?? '').length, language: fence[2] ?? '', line: index + 2, text: [] };
    } else if (fence) {
      fences.push({ language: open.language, line: open.line, heading, text: `${open.text.join('\n')}\n` });
      open = undefined;
    } else open.text.push(line.slice(open.indent));
  }
  return { lines, fences };
}
