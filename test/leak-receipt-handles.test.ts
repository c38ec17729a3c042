import { afterEach, describe, expect, it } from 'vitest';
import { type LeakCase, threeVersions } from './testing/leaky-plugin.ts';

const FILE = '/plugins/leaky/plugin.ts';

const CASES: Record<string, LeakCase> = {
  'watchers of files': {
    parts: () => ({
      top: `
        import { watch, watchFile, unwatchFile } from 'node:fs';
        import * as files from 'node:fs/promises';
        const here = import.meta.filename;`,
      initialize: `
        const watcher = watch(here); // watch
        watch(here).close();
        const changed = () => {};
        watchFile(here, changed); // watchFile
        const other = () => {};
        watchFile(here, other);
        unwatchFile(here, other);
        globalThis.undo(() => watcher.close(), () => unwatchFile(here, changed));`,
      service: `
        const stop = new AbortController();
        const changes = files.watch(here, { signal: stop.signal }); // changes
        void changes.next().catch(() => {});
        globalThis.undo(() => stop.abort());
        const ended = files.watch(here);
        const first = ended.next();
        await files.utimes(here, new Date(), new Date());
        await first;
        await ended.return();`,
    }),
    expected: (at) => [
      `handle watcher of ${FILE} @ ${at('// watch\n')}`,
      `handle watcher (watchFile) of ${FILE} @ ${at('// watchFile')}`,
      `handle watcher of ${FILE} @ ${at('// changes')}`,
    ],
  },
  'open files, imported or required, of its own or of a package': {
    parts: () => ({
      top: `
        import fs, { closeSync, openSync } from 'node:fs';
        import { open } from 'node:fs/promises';
        import { hold } from 'holding';
        const here = import.meta.filename;`,
      start: `
        const number = openSync(here); // openSync
        closeSync(openSync(here));
        fs.open(here, (_, fd) => globalThis.undo(() => closeSync(fd))); // callback
        fs.open(here, 'r', (_, fd) => fs.close(fd));
        const unseen = fs.openSync(process.execPath);
        const closing = fs.createReadStream(here, { fd: unseen }).destroy();
        await new Promise((resolve) => closing.on('close', resolve));
        globalThis.undo(() => closeSync(number));`,
      route: `
        const file = await open(here); // open
        await (await open(here)).close();
        const stream = fs.createWriteStream(here + '.copy'); // stream
        const read = [];
        for await (const part of fs.createReadStream(here)) read.push(part);
        hold(here); // hold
        globalThis.undo(() => file.close(), () => stream.destroy());`,
    }),
    files: {
      'node_modules/holding/package.json': '{ "name": "holding", "main": "index.js" }',
      'node_modules/holding/index.js': `
const fs = require('fs');
exports.hold = (path) => {
  const fd = fs.openSync(path);
  globalThis.undo(() => fs.closeSync(fd));
};
`,
    },
    expected: (at) => [
      `handle open file ${FILE} @ ${at('// openSync')}`,
      `handle open file ${FILE} @ ${at('// callback')}`,
      `handle open file ${FILE} @ ${at('// open\n')}`,
      `handle stream of ${FILE}.copy @ ${at('// stream')}`,
      `handle open file ${FILE} @ ${at('fs.openSync', 'node_modules/holding/index.js')}, called at ${at('// hold')}`,
    ],
  },
  'an open database': {
    parts: () => ({
      top: "import { DatabaseSync } from 'node:sqlite';",
      initialize: `
        const held = new DatabaseSync(':memory:'); // held
        const closed = new DatabaseSync(':memory:');
        if (!(closed instanceof DatabaseSync)) throw new TypeError();
        closed.close();
        globalThis.undo(() => held.close());`,
    }),
    expected: (at) => [`handle SQLite database :memory: @ ${at('// held')}`],
  },
  'hooks into the whole process': {
    parts: (version) => ({
      top: `
        import { createHook } from 'node:async_hooks';
        import channels from 'node:diagnostics_channel';
        import { registerHooks } from 'node:module';`,
      initialize: `
        const on = createHook({ init() {} });
        on.enable(); // enable
        createHook({ init() {} }).enable().disable();
        createHook({ init() {} });
        const subscriber = () => {};
        channels.subscribe('leaky-${version}', subscriber); // subscribe
        const gone = () => {};
        channels.subscribe('leaky', gone);
        channels.channel('leaky').unsubscribe(gone);
        const hooks = registerHooks({}); // hooks
        registerHooks({}).deregister();
        globalThis.undo(() => on.disable(), () => channels.unsubscribe('leaky-${version}', subscriber), () => hooks.deregister());`,
    }),
    expected: (at, version) => [
      `global async hook @ ${at('// enable')}`,
      `listener subscriber of channel "leaky-${version}" @ ${at('// subscribe')}`,
      `global module hooks (registerHooks) @ ${at('// hooks')}`,
    ],
  },
};

/** Plugins say how what they leave behind on purpose is undone: this file, too, must leave nothing. */
const undo: (() => unknown)[] = [];
Object.assign(globalThis, { undo: (...steps: (() => unknown)[]) => void undo.push(...steps) });
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});

describe('the receipt of a version, three in a row', () => {
  it.each(Object.keys(CASES))('names %s', async (name) => {
    const { seen, wanted } = await threeVersions(CASES[name] as LeakCase);
    expect(seen).toEqual(wanted);
  });
});
