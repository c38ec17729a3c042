import { describe, expect, it } from 'vitest';
import { Ledgers } from './ledgers.ts';

const code = { url: 'file:///plugin.ts.bundle.js', text: () => '', mentions: [], collectable: true };

describe('a ledger', () => {
  it('holds nothing for code that has made nothing', async () => {
    using ledgers = new Ledgers();
    const ledger = ledgers.open('plugin.ts');
    ledger.identify(code);
    expect(await ledger.close(() => {})).toEqual([]);
  });

  it('holds the code itself where Node keeps it', async () => {
    using ledgers = new Ledgers();
    const ledger = ledgers.open('plugin.ts');
    ledger.identify({ ...code, collectable: false });
    const held = await ledger.close(() => {});
    expect(held).toEqual([expect.objectContaining({ kind: 'module', label: 'its own code' })]);
    expect(await ledger.close(() => {})).toBe(held);
  });
});
