interface Bracket {
  /** Where what stands in it belongs. */
  path: string;
  readonly open: string;
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/**
 * The paths of the quoted keys in the maps of a piece of JSON or Python, outermost first: `services.pkd.status`, `checks[].name`. What is no map
 * is passed over, and so are comments and docstrings.
 */
export function literalKeys(code: string): readonly string[] {
  const keys = new Set<string>();
  const brackets: Bracket[] = [];
  // Where a map or list that opens now would belong: after a key, that key.
  let here = '';
  for (const [token, text] of tokensOf(code)) {
    const around = brackets.at(-1);
    if (token === 'open') {
      const path = text === '[' && here !== '' ? `${here}[]` : here;
      brackets.push({ open: text, path });
      here = path;
    } else if (token === 'close') {
      brackets.pop();
      here = brackets.at(-1)?.path ?? '';
    } else if (token === 'comma') here = around?.path ?? '';
    else if (around?.open === '{') {
      here = join(around.path, text);
      keys.add(here);
    }
  }
  return [...keys];
}

const TOKENS =
  /(?<skipped>"""[\s\S]*?"""|#.*|"(?:[^"\\\n]|\\.)*"(?!\s*:)|'(?:[^'\\\n]|\\.)*'(?!\s*:))|["'](?<key>[^"'\n]*)["']\s*:|(?<open>[{[(])|(?<close>[}\])])|(?<comma>,)/g;

function* tokensOf(code: string): Generator<readonly ['open' | 'close' | 'comma' | 'key', string]> {
  for (const { groups = {} } of code.matchAll(TOKENS)) {
    for (const kind of ['open', 'close', 'comma', 'key'] as const) {
      const text = groups[kind];
      if (text !== undefined) yield [kind, text];
    }
  }
}
