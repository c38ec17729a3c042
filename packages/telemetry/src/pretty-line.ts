const COLOURS: Readonly<Record<string, string>> = { trace: '90', debug: '36', info: '32', warn: '33', error: '31' };
const OWN_KEYS: ReadonlySet<string> = new Set(['time', 'level', 'namespace', 'msg', 'error']);

/** Rewrites a JSON line for people: time of day, level, namespace, message, fields, then an error's stack. Anything else stays as it is. */
export function prettyLine(line: string, colour: boolean): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line);
  } catch {
    return line;
  }
  const paint = (text: string, code: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
  const level = String(entry.level);
  const fields = Object.entries(entry)
    .filter(([key]) => !OWN_KEYS.has(key))
    .map(([key, value]) => paint(`${printable(key)}=`, '90') + shortValue(value));
  const head = [
    paint(timeOfDay(String(entry.time)), '90'),
    paint(level.toUpperCase().padEnd(5), COLOURS[level] ?? '0'),
    paint(printable(String(entry.namespace)), '35'),
    printable(String(entry.msg)),
    ...fields,
  ];
  return `${head.join(' ')}\n${errorLines(entry.error)}`;
}

function timeOfDay(iso: string): string {
  const time = new Date(iso);
  const two = (n: number) => String(n).padStart(2, '0');
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${parts}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

function shortValue(value: unknown): string {
  const plain = typeof value === 'string' && /^[^\s"=]+$/.test(value);
  return printable(plain ? value : JSON.stringify(value));
}

interface ShownError {
  readonly stack?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

function errorLines(error: unknown): string {
  if (error === undefined) return '';
  if (typeof error !== 'object' || error === null) return `    ${printable(String(error))}\n`;
  const { stack, message, code, cause, errors }: ShownError = error;
  const [first = '', ...rest] = String(stack ?? message ?? JSON.stringify(error)).split('\n');
  const lines = [code === undefined ? first : `${first} [${code}]`, ...rest];
  const parts = lines.map((text) => `    ${printable(text.trimEnd())}\n`);
  if (cause !== undefined) parts.push('    caused by:\n', errorLines(cause));
  if (Array.isArray(errors)) for (const one of errors) parts.push('    one of them:\n', errorLines(one));
  return parts.join('');
}

/** What came from outside must not move the cursor, change colours or begin lines of its own. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, (character) => {
    if (character === '\t') return ' ';
    return character === '\n' ? '\\n' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
