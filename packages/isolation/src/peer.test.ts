import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Channel, ChannelListener } from './channel.ts';
import type { IncomingRequest } from './incoming-request.ts';
import { Peer, type PeerOptions } from './peer.ts';
import { createPortChannel } from './testing/port-channel.ts';

const open: Peer[] = [];
afterEach(() => {
  for (const peer of open.splice(0)) peer.close(new Error('the test is over'));
});

type Serve = (request: IncomingRequest) => unknown;

function peerOn(channel: Channel, options: Partial<PeerOptions> = {}): Peer {
  const peer = new Peer({
    channel,
    request: ({ payload }) => payload,
    note: () => {},
    stray: () => {},
    uncloneable: ({ part, subject }) => new Error(`${part} of ${subject} cannot be copied`),
    ...options,
  });
  open.push(peer);
  return peer;
}

function connect(serve: Serve, options: Partial<PeerOptions> = {}) {
  const { port1, port2 } = new MessageChannel();
  const messages: unknown[][] = [];
  const near = createPortChannel(port1);
  const counted: Channel = {
    ...near,
    send(message) {
      messages.push([...message]);
      return near.send(message);
    },
  };
  const far = peerOn(createPortChannel(port2), { request: serve, ...options });
  return { near: peerOn(counted), far, messages };
}

/** A channel whose other side is behind when told to be. */
function slowChannel() {
  const sent: unknown[][] = [];
  let listener: ChannelListener | undefined;
  const state = { behind: false };
  const channel: Channel = {
    send(message) {
      sent.push([...message]);
      return !state.behind;
    },
    close: () => {},
    listen(to) {
      listener = to;
    },
  };
  const drain = () => {
    state.behind = false;
    listener?.drained();
  };
  return { channel, sent, state, drain, receive: (message: unknown) => listener?.message(message) };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('Peer', () => {
  it('gives each request its own answer, whatever the order of the answers', async () => {
    const { near } = connect(async ({ payload }) => {
      const [value, turns] = payload as [unknown, number];
      for (let i = 0; i < turns; i++) await turn();
      return value;
    });
    const requests = fc.array(fc.tuple(fc.jsonValue(), fc.nat(4)), { maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(requests, async (all) => {
        const answers = await Promise.all(all.map((one) => near.request('echo', one)));
        expect(answers).toEqual(structuredClone(all.map(([value]) => value)));
      }),
      { numRuns: 20 },
    );
    expect(near.waiting).toBe(0);
  });

  it('sends what is said in one turn as one message, up to 32 frames', async () => {
    const { near, messages } = connect(({ payload }) => payload);
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        for (let hops = 0; hops < i; hops++) await undefined;
        return near.request('echo', i);
      }),
    );
    expect(messages.map(({ length }) => length)).toEqual([20]);
    await Promise.all(Array.from({ length: 80 }, (_, i) => near.request('echo', i)));
    expect(messages.slice(1).map(({ length }) => length)).toEqual([32, 32, 16]);
  });

  it('tells the other side that nobody waits any more, and ignores a late answer', async () => {
    const { promise: arrived, resolve } = Promise.withResolvers<IncomingRequest>();
    const { promise: release, resolve: let_go } = Promise.withResolvers<void>();
    const { near } = connect(async (request) => {
      resolve(request);
      await release;
      return 'late';
    });
    const controller = new AbortController();
    const asked = near.request('wait', 1, controller.signal);
    const request = await arrived;
    controller.abort(Object.assign(new Error('enough'), { code: 'E_ENOUGH' }));
    await expect(asked).rejects.toThrow('enough');
    await new Promise<void>((done) => request.signal.addEventListener('abort', () => done()));
    expect(request.signal.reason).toMatchObject({ message: 'enough', code: 'E_ENOUGH' });
    let_go();
    await expect(near.request('wait', 2, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    expect(near.waiting).toBe(0);
  });

  it('fails the one request whose value cannot be copied, not its neighbours in the message', async () => {
    const { near } = connect(({ payload }) => (payload === 'bad reply' ? () => {} : payload));
    const settled = await Promise.allSettled([1, () => {}, 'bad reply', 2].map((value) => near.request('echo', value)));
    expect(settled).toMatchObject([
      { value: 1 },
      { reason: { message: 'payload of echo cannot be copied' } },
      { reason: { message: 'reply of echo cannot be copied' } },
      { value: 2 },
    ]);
  });

  it('sends nothing while the other side is behind, and bounds what waits', async () => {
    const { channel, sent, state, drain } = slowChannel();
    const peer = peerOn(channel, { maxWaiting: 3, maxNotes: 2 });
    state.behind = true;
    const first = [peer.request('a', 1), peer.request('a', 2)];
    await turn();
    const third = peer.request('a', 3);
    await expect(peer.request('a', 4)).rejects.toMatchObject({ code: 'BP_CHANNEL_BUSY', status: 503 });
    expect(peer.note('n', 1)).toBe(true);
    expect(peer.note('n', 2)).toBe(false);
    await turn();
    expect(sent).toHaveLength(1);
    drain();
    await turn();
    expect(sent.map(({ length }) => length)).toEqual([2, 2]);
    peer.close(new Error('over'));
    await expect(Promise.allSettled([...first, third])).resolves.toMatchObject(
      Array(3).fill({ reason: { message: 'over' } }),
    );
  });

  it('rejects everything that waits and cancels what it serves when the channel closes', async () => {
    const { promise: arrived, resolve } = Promise.withResolvers<IncomingRequest>();
    const { near, far } = connect((request) => {
      resolve(request);
      return new Promise(() => {});
    });
    const asked = near.request('wait', 1);
    const request = await arrived;
    far.close(new Error('the far side ends'));
    await expect(asked).rejects.toMatchObject({ code: 'BP_CHANNEL_CLOSED' });
    expect(request.signal.reason.message).toBe('the far side ends');
    await expect(near.request('wait', 2)).rejects.toMatchObject({ code: 'BP_CHANNEL_CLOSED' });
    expect(near.note('n', 1)).toBe(false);
  });

  it('survives whatever arrives', async () => {
    const { channel, receive } = slowChannel();
    const strays: unknown[] = [];
    peerOn(channel, {
      stray: (message) => strays.push(message),
      note: () => {
        throw new Error('a note nobody understands');
      },
    });
    await fc.assert(fc.asyncProperty(fc.anything(), async (message) => receive(message)));
    strays.length = 0;
    receive('hello');
    receive([[9, 1], [4, 0, 'n', 1], null, [1, 77, 'an answer nobody asked for'], [3, 77, {}]]);
    expect(strays).toEqual(['hello', [9, 1], [4, 0, 'n', 1], null]);
  });
});
