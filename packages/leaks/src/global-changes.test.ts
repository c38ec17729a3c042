import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { GlobalChanges, KnownSurfaces } from './global-changes.ts';

const label = ({ label }: { label: string }) => label;

describe('GlobalChanges', () => {
  it('tells what was added, replaced and taken away since the code began', () => {
    const shared = { kept: 1, replaced: 1, gone: 1 };
    const changes = new GlobalChanges(new KnownSurfaces());
    changes.module('node:shared', { default: shared });
    Object.assign(shared, { replaced: 2, added: 2 });
    Reflect.deleteProperty(shared, 'gone');
    expect(changes.left().map(label)).toEqual(['shared.replaced', 'shared.added', 'shared.gone']);
  });

  it('holds nothing against who puts back what was there before the first', () => {
    const shared: { mark?: number } = {};
    const known = new KnownSurfaces();
    const first = new GlobalChanges(known);
    first.module('shared', { default: shared });
    shared.mark = 1;
    expect(first.left().map(label)).toEqual(['shared.mark']);
    const second = new GlobalChanges(known);
    second.module('shared', { default: shared });
    delete shared.mark;
    expect(second.left()).toEqual([]);
  });

  it('holds against nobody what was there when it came and is still there', () => {
    const shared: { mark?: number } = {};
    Object.assign(globalThis, { sharedByTest: shared });
    try {
      const known = new KnownSurfaces();
      const [first, second] = [new GlobalChanges(known), new GlobalChanges(known)];
      first.watch(['sharedByTest']);
      shared.mark = 1;
      second.watch(['sharedByTest']);
      expect(second.left()).toEqual([]);
      expect(first.left().map(label)).toEqual(['sharedByTest.mark']);
    } finally {
      Reflect.deleteProperty(globalThis, 'sharedByTest');
    }
  });

  it('holds nothing against a library that keeps one object for the whole process', async () => {
    // In a realm of its own: here, others have loaded the library before.
    const script = `
      import { GlobalChanges, KnownSurfaces } from ${JSON.stringify(import.meta.resolve('./global-changes.ts'))};
      const changes = new GlobalChanges(new KnownSurfaces());
      changes.watch(['globalThis']);
      await import(${JSON.stringify(import.meta.resolve('zod'))});
      if (!('__zod_globalRegistry' in globalThis)) throw new Error('The library has another name for it now.');
      globalThis.mine = 1;
      console.log(changes.left().map(({ label }) => label).join());`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
    expect(stdout.trim()).toBe('mine');
  });

  it('sees a change that ends where it began, if somebody has looked in between', () => {
    const shared: { mark?: number } = {};
    const known = new KnownSurfaces();
    const [first, second] = [new GlobalChanges(known), new GlobalChanges(known)];
    first.module('shared', { default: shared });
    shared.mark = 1;
    second.module('shared', { default: shared });
    delete shared.mark;
    expect(first.left()).toEqual([]);
    shared.mark = 1;
    expect(second.left().map(label)).toEqual(['shared.mark']);
  });

  it('runs no getter that nobody has touched', () => {
    const shared = Object.defineProperty({}, 'lazy', {
      configurable: true,
      get() {
        throw new Error('read');
      },
    });
    const changes = new GlobalChanges(new KnownSurfaces());
    changes.module('shared', { default: shared });
    Object.assign(shared, { other: 1 });
    expect(changes.left().map(label)).toEqual(['shared.other']);
  });

  it('sees no change where a value takes the place of the getter that gave it', () => {
    const value = {};
    const shared = Object.defineProperty({}, 'lazy', { configurable: true, get: () => value });
    const changes = new GlobalChanges(new KnownSurfaces());
    changes.module('shared', { default: shared });
    Object.defineProperty(shared, 'lazy', { value, configurable: true });
    expect(changes.left()).toEqual([]);
    Object.defineProperty(shared, 'lazy', { value: {} });
    expect(changes.left().map(label)).toEqual(['shared.lazy']);
  });

  it('leads from the name of a class to its prototype, and from that of no global to nothing', () => {
    const changes = new GlobalChanges(new KnownSurfaces());
    changes.watch(['Array', 'process.stdout', 'NoSuchGlobal']);
    const key = 'globalChangesTest';
    Object.defineProperty(Array.prototype, key, { value: 1, configurable: true });
    try {
      expect(changes.left().map(label)).toEqual([`Array.prototype.${key}`]);
    } finally {
      Reflect.deleteProperty(Array.prototype, key);
    }
  });
});
