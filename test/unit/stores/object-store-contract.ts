import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { ObjectStore, StoredObject } from '../../../stores/object-store.ts';
import { StoreConflictError } from '../../../stores/object-store.ts';
import type { StoreSettings } from '../../../stores/store-of.ts';
import { storeOf } from '../../../stores/store-of.ts';
import { increment, readCounter } from '../../support/store-counter.ts';

const COUNTER_CHILD = fileURLToPath(new URL('../../support/store-counter-child.ts', import.meta.url));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (stored: StoredObject | undefined): string | undefined => stored && new TextDecoder().decode(stored.value);

/** What every object store must do; `emptyStore` gives an empty one. One that encrypts keeps more bytes than it was given. */
export function describeObjectStore(name: string, emptyStore: () => ObjectStore, encrypts = false): void {
  const keysUnder = async (store: ObjectStore, prefix: string): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of store.list(prefix)) keys.push(key);
    return keys;
  };

  describe(`${name}: objects`, () => {
    test('what is not there is undefined', async () => {
      const store = emptyStore();
      expect(await store.get('a/b')).toBeUndefined();
      expect(await store.readAppended('a/b')).toBeUndefined();
    });

    test('the last write is read, with the version it returned', async () => {
      const store = emptyStore();
      const first = await store.put('a/b', bytes('one'));
      const second = await store.put('a/b', bytes('two'));
      expect(second).not.toBe(first);
      const read = await store.get('a/b');
      expect([text(read), read?.version]).toEqual(['two', second]);
    });

    test('any bytes are kept, none at all too', async () => {
      const store = emptyStore();
      await store.put(
        'all',
        Uint8Array.from({ length: 256 }, (_, i) => i),
      );
      await store.put('none', new Uint8Array());
      expect([...(await store.get('all'))!.value]).toEqual(Array.from({ length: 256 }, (_, i) => i));
      expect((await store.get('none'))?.value).toHaveLength(0);
    });

    test('a key may begin with another', async () => {
      const store = emptyStore();
      await store.put('a', bytes('short'));
      await store.put('a/b', bytes('long'));
      expect([text(await store.get('a')), text(await store.get('a/b'))]).toEqual(['short', 'long']);
      expect(await keysUnder(store, '')).toEqual(['a', 'a/b']);
    });

    test('deleting removes it; deleting what is not there is no error', async () => {
      const store = emptyStore();
      await store.put('a', bytes('one'));
      await store.append('log', bytes('one'));
      for (const key of ['a', 'a', 'log', 'never']) await store.delete(key);
      expect(await store.get('a')).toBeUndefined();
      expect(await store.readAppended('log')).toBeUndefined();
      expect(await keysUnder(store, '')).toEqual([]);
    });
  });

  describe(`${name}: conditional writes`, () => {
    test('ifAbsent writes once', async () => {
      const store = emptyStore();
      await store.put('a', bytes('one'), { ifAbsent: true });
      await expect(store.put('a', bytes('two'), { ifAbsent: true })).rejects.toThrow(StoreConflictError);
      expect(text(await store.get('a'))).toBe('one');
    });

    test('ifVersion writes over that version only', async () => {
      const store = emptyStore();
      const first = await store.put('a', bytes('one'));
      const second = await store.put('a', bytes('two'), { ifVersion: first });
      await expect(store.put('a', bytes('three'), { ifVersion: first })).rejects.toThrow(StoreConflictError);
      expect(text(await store.get('a'))).toBe('two');
      await store.put('a', bytes('three'), { ifVersion: second });
      expect(text(await store.get('a'))).toBe('three');
    });

    test('ifVersion fails where nothing is, also after a delete', async () => {
      const store = emptyStore();
      await expect(store.put('a', bytes('one'), { ifVersion: '1' })).rejects.toThrow(StoreConflictError);
      const version = await store.put('a', bytes('one'));
      await store.delete('a');
      await expect(store.put('a', bytes('two'), { ifVersion: version })).rejects.toThrow(StoreConflictError);
      await store.put('a', bytes('two'), { ifAbsent: true });
      expect(text(await store.get('a'))).toBe('two');
    });

    test('of many who begin at once one is first, whatever the key', async () => {
      const store = emptyStore();
      const winnersOf = async (key: string): Promise<string[]> => {
        const writes = Array.from({ length: 6 }, async (_, i) => {
          await store.put(key, bytes(String(i)), { ifAbsent: true });
          return String(i);
        });
        const results = await Promise.allSettled(writes);
        return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      };
      const keys = Array.from({ length: 30 }, (_, i) => `key-${i}`);
      const winners = await Promise.all(keys.map(winnersOf));
      const stored = await Promise.all(keys.map(async (key) => [text(await store.get(key))]));
      expect(winners).toEqual(stored);
    });

    test('a version never comes again, whatever was deleted meanwhile', async () => {
      const store = emptyStore();
      const versions = new Set<string>();
      for (let i = 0; i < 5; i++) {
        versions.add(await store.put('a', bytes('one')));
        await store.delete('a');
        await rest(10);
      }
      expect(versions.size).toBe(5);
    });

    test('eight writers count without losing a step, and readers always see a whole value', async () => {
      const store = emptyStore();
      let isCounting = true;
      const seen: number[] = [];
      const read = async (): Promise<void> => {
        while (isCounting) {
          const stored = await store.get('counter');
          if (stored !== undefined) seen.push(readCounter(stored.value));
        }
      };
      const reading = [read(), read()];
      await Promise.all(Array.from({ length: 8 }, () => increment(store, 'counter', 10)));
      isCounting = false;
      await Promise.all(reading);
      expect(readCounter((await store.get('counter'))!.value)).toBe(80);
      expect(seen.length).toBeGreaterThan(0);
    });
  });

  describe(`${name}: appending and listing`, () => {
    test('appends add up, in order', async () => {
      const store = emptyStore();
      for (const part of ['one ', 'two ', 'three']) await store.append('log', bytes(part));
      expect(new TextDecoder().decode(await store.readAppended('log'))).toBe('one two three');
    });

    test('lists what begins with a prefix, in order of key, with sizes', async () => {
      const store = emptyStore();
      for (const key of ['b/2', 'a/1', 'b/10', 'b/1/x', 'bb/1']) await store.put(key, bytes(key));
      await store.append('b/log', bytes('12345'));
      expect(await keysUnder(store, 'b/')).toEqual(['b/1/x', 'b/10', 'b/2', 'b/log']);
      expect(await keysUnder(store, 'b/1')).toEqual(['b/1/x', 'b/10']);
      expect(await keysUnder(store, 'c')).toEqual([]);
      expect(await keysUnder(store, '')).toHaveLength(6);
      for await (const { key, sizeBytes, modifiedAt } of store.list('b/')) {
        const given = key === 'b/log' ? 5 : key.length;
        if (encrypts) expect(sizeBytes).toBeGreaterThan(given);
        else expect(sizeBytes).toBe(given);
        expect(Math.abs(Date.now() - modifiedAt)).toBeLessThan(60_000);
      }
    });

    test.each(['', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/../../b', 'a b', 'a@v', 'a\\b', 'ü', 'a\n'])(
      'refuses the key %j',
      async (key) => {
        const store = emptyStore();
        await expect(store.get(key)).rejects.toThrow(RangeError);
        await expect(store.put(key, bytes('one'))).rejects.toThrow(RangeError);
        await expect(store.append(key, bytes('one'))).rejects.toThrow(RangeError);
        await expect(store.readAppended(key)).rejects.toThrow(RangeError);
        await expect(store.delete(key)).rejects.toThrow(RangeError);
      },
    );

    test.each(['..', '../', 'a/../b', '/'])('refuses the prefix %j', async (prefix) => {
      await expect(keysUnder(emptyStore(), prefix)).rejects.toThrow(RangeError);
    });
  });
}

/** What every store that several processes share must do; the settings name an empty one. */
export function describeSharedStore(name: string, settingsOf: () => StoreSettings): void {
  test(`${name}: three processes count without losing a step, and readers always see a whole value`, async () => {
    const settings = settingsOf();
    const store = await storeOf(settings);
    const children = Array.from({ length: 3 }, () =>
      spawn(process.execPath, [COUNTER_CHILD, JSON.stringify(settings), 'counter', '40'], { stdio: 'ignore' }),
    );
    let running = children.length;
    const ends = children.map(async (child) => {
      const [code] = (await once(child, 'exit')) as [number | null];
      running -= 1;
      return code;
    });
    let readCount = 0;
    while (running > 0) {
      const stored = await store.get('counter');
      if (stored !== undefined) readCount = Math.max(readCount, readCounter(stored.value));
    }
    expect(await Promise.all(ends)).toEqual([0, 0, 0]);
    expect(readCount).toBeGreaterThan(0);
    expect(readCounter((await store.get('counter'))!.value)).toBe(120);
  });
}
