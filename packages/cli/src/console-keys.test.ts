import { describe, expect, it } from 'vitest';
import { ConsoleKeys, type ConsoleKeysOptions } from './console-keys.ts';
import { createPaint } from './start-report.ts';

function press(options: Partial<ConsoleKeysOptions> = {}) {
  const said: string[] = [];
  const done: string[] = [];
  const host: ConsoleKeysOptions['host'] = {
    status: () => [
      { name: 'hello', version: '1.0.0', state: { phase: 'running' }, reason: '', level: 'inline' } as never,
    ],
    reload: async (name) => {
      done.push(`reload ${name}`);
      return { generation: 2, steps: [], tookMs: 1 };
    },
    setLogLevel: (_namespace, level) => void done.push(`logs ${level}`),
  };
  const keys = new ConsoleKeys({
    host,
    url: 'http://127.0.0.1:1',
    stop: (signal) => void done.push(signal),
    say: (text) => void said.push(text),
    paint: createPaint(false),
    logLevel: 'info',
    ...options,
  });
  return { keys, said, done };
}

describe('keys in the console', () => {
  it('are listed by h, each with what it does', async () => {
    const { keys, said } = press();
    await keys.press('h');
    expect(said.join('')).toMatch(/h {2}these keys\n {2}r {2}reload[\s\S]*q {2}quit/);
  });

  it('reload, tell of plugins, change the logs and quit, in capitals too; other keys do nothing', async () => {
    const { keys, said, done } = press();
    for (const key of ['r', 'P', 'l', 'l', 'l', 'x', '\u001b', 'q', '\u0003']) await keys.press(key);
    expect(done).toEqual(['reload hello', 'logs debug', 'logs silent', 'logs info', 'SIGINT', 'SIGINT']);
    expect(said.join('\n')).toContain('hello 1.0.0');
    expect(said.join('\n')).toContain('logs: none');
  });

  it('tell the address where nothing opens a browser, and what went wrong otherwise', async () => {
    const { keys, said } = press({ open: () => Promise.reject(new Error('no browser')) });
    await keys.press('o');
    expect(said).toEqual(['  Nothing here opens a browser. The page is http://127.0.0.1:1/health']);
  });
});
