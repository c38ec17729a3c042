import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type LeakCase, threeVersions } from './testing/leaky-plugin.ts';

/** Somebody that plugins connect to. */
const peer = createServer((_, response) => response.end('hello'));
let port = 0;
beforeAll(async () => {
  peer.listen(0, '127.0.0.1');
  await once(peer, 'listening');
  port = (peer.address() as AddressInfo).port;
});
afterAll(() => {
  peer.closeAllConnections();
  peer.close();
});

const net = "import net from 'node:net';\nimport { once } from 'node:events';";
const LOCAL = "'127.0.0.1'";

const CASES: Record<string, LeakCase> = {
  'a socket of its own': {
    parts: () => ({
      top: net,
      route: `const held = net.connect(${port}, ${LOCAL}); await once(held, 'connect'); globalThis.undo(() => held.destroy());`,
      service: `const given = net.connect(${port}, ${LOCAL}); await once(given, 'connect'); given.destroy();`,
      start: `const ending = net.connect(${port}, ${LOCAL}); await once(ending, 'connect'); ending.end();`,
      initialize: `const kept = new net.Socket(); kept.connect(${port}, ${LOCAL}); context.scope.add('kept', () => kept.destroy());`,
    }),
    expected: (at) => [`socket socket to 127.0.0.1:N @ ${at('held = net')}`],
  },
  'the sockets of an agent that a package keeps, required as CommonJS': {
    parts: () => ({ top: "import { ask } from 'asking';", service: `await ask(${port}); // here` }),
    files: {
      'node_modules/asking/package.json': '{ "name": "asking", "main": "index.js" }',
      'node_modules/asking/index.js': `
const http = require('http');
const agent = new http.Agent({ keepAlive: true });
globalThis.undo(() => agent.destroy());
exports.ask = (port) => new Promise((resolve, reject) => {
  const request = http.get({ port, host: '127.0.0.1', agent }, (response) => response.resume().on('end', resolve));
  request.on('error', reject);
});
`,
    },
    expected: (at) => [
      `socket socket to 127.0.0.1:N @ ${at('http.get', 'node_modules/asking/index.js')}, called at ${at('// here')}`,
    ],
  },
  'a server that listens, and one whose connections are open': {
    parts: () => ({
      top: net,
      start: `
        const listening = net.createServer();
        listening.listen(0, ${LOCAL}); // listens
        await once(listening, 'listening');
        const closed = net.createServer();
        closed.listen(0, ${LOCAL}); // closed
        await once(closed, 'listening');
        const client = net.connect(closed.address().port, ${LOCAL}); // client
        await Promise.all([once(closed, 'connection'), once(client, 'connect')]);
        closed.close();
        globalThis.undo(() => listening.close(), () => client.destroy());`,
    }),
    expected: (at) => [
      `server server @ ${at('// closed')}`,
      `server server at port N @ ${at('// listens')}`,
      `socket socket to 127.0.0.1:N @ ${at('// client')}`,
    ],
  },
  'a UDP socket, bound or not': {
    parts: () => ({
      top: "import { createSocket } from 'node:dgram';\nimport { once } from 'node:events';",
      initialize: `
        const bound = createSocket('udp4'); // bound
        bound.bind(0, ${LOCAL});
        await once(bound, 'listening');
        const unbound = createSocket('udp4'); // unbound
        globalThis.undo(() => bound.close(), () => unbound.close());
        createSocket('udp4').close();`,
    }),
    expected: (at) => [`socket UDP socket at port N @ ${at('// bound')}`, `socket UDP socket @ ${at('// unbound')}`],
  },
  'a process and a thread': {
    parts: () => ({
      top: `
        import { exec, spawn, spawnSync } from 'node:child_process';
        import { once } from 'node:events';
        import { Worker } from 'node:worker_threads';
        const forever = 'setInterval(() => {}, 1000)';`,
      route: `
        const held = spawn(process.execPath, ['-e', forever]); // process
        const thread = new Worker(forever, { eval: true }); // thread
        globalThis.undo(() => held.kill(), () => thread.terminate());
        spawnSync(process.execPath, ['--version']);
        await once(exec('true'), 'exit');
        void new Worker(forever, { eval: true }).terminate();
        spawn(process.execPath, ['-e', forever]).kill();`,
    }),
    expected: (at) => [
      `handle process N (${process.execPath}) @ ${at('// process')}`,
      `handle worker thread N @ ${at('// thread')}`,
    ],
  },
  'listeners of what lives as long as the process': {
    parts: (version) => ({
      top: `
        import { once } from 'node:events';
        import http from 'node:http';
        const listener = () => {};
        process.on('exit', listener); // top`,
      start: `
        const bound = function () {}.bind({});
        process.prependListener('SIGUSR2', bound); // bound
        void once(process, 'rejectionHandled'); // once
        globalThis.undo(() => process.off('exit', listener), () => process.off('SIGUSR2', bound), () => process.emit('rejectionHandled'));
        process.stdout.on('drain', () => {}); // drain
        process.stderr.on('drain', () => {}); // error
        http.globalAgent.on('version${version}', () => {}); // agent
        const removed = () => {};
        process.on('warning', removed).off('warning', removed);
        process.once('multipleResolves', () => {});
        process.emit('multipleResolves');`,
    }),
    expected: (at, version) => [
      `listener listener of process for "exit" @ ${at('// top')}`,
      `listener listener of process for "SIGUSR2" @ ${at('// bound')}`,
      `listener listener of process for "rejectionHandled" @ ${at('// once')}`,
      `listener listener of process for "error" @ ${at('// once')}`,
      `listener listener of process.stdout for "drain" @ ${at('// drain')}`,
      `listener listener of process.stderr for "drain" @ ${at('// error')}`,
      `listener listener of http.globalAgent for "version${version}" @ ${at('// agent')}`,
    ],
  },
  'nothing for a clean one that keeps connections in the pools of the process': {
    parts: () => ({
      top: "import http from 'node:http';\nimport { once } from 'node:events';",
      route: `
        const [response] = await once(http.get({ port: ${port}, host: ${LOCAL} }), 'response');
        await once(response.resume(), 'end');
        await (await fetch('http://127.0.0.1:${port}')).text();`,
      service: `await (await fetch('http://127.0.0.1:${port}')).text();`,
    }),
    expected: () => [],
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
