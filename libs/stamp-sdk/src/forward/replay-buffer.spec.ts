import { PassThrough, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ReplayBuffer } from './replay-buffer.js';

const nothing = (): void => undefined;

describe('a request body that may be sent twice', () => {
  it('gives a second sink everything from the beginning, though the first took part of it', async () => {
    const source = new PassThrough();
    const body = new ReplayBuffer(source, { empty: false });
    const first = new PassThrough();
    body.attach(first, nothing);
    source.write('one ');
    expect(String(await new Promise((resolve) => first.once('data', resolve)))).toBe('one ');
    body.detach();
    const second = new PassThrough();
    body.attach(second, nothing);
    source.end('two');
    expect(await text(second)).toBe('one two');
    expect(body.complete).toBe(true);
  });

  it('streams a body beyond the limit whole, once, and says that it cannot be repeated', async () => {
    const body = new ReplayBuffer(Readable.from([Buffer.alloc(40), Buffer.alloc(40)]), { empty: false, limitBytes: 64 });
    const sink = new PassThrough();
    body.attach(sink, nothing);
    expect((await text(sink)).length).toBe(80);
    expect(body.replayable).toBe(false);
    expect(() => body.attach(new PassThrough(), nothing)).toThrow('cannot be sent again');
  });

  it('stops reading from the client while the sink is full (back-pressure)', async () => {
    let produced = 0;
    const source = new Readable({
      highWaterMark: 1024,
      read() {
        produced += 1024;
        this.push(produced > 1024 * 1024 ? null : Buffer.alloc(1024));
      },
    });
    const held: (() => void)[] = [];
    const sink = new Writable({ highWaterMark: 4096, write: (_chunk, _encoding, callback) => void held.push(callback) });
    new ReplayBuffer(source, { empty: false }).attach(sink, nothing);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(sink.writableNeedDrain).toBe(true);
    expect(produced).toBeLessThan(16 * 1024);
    source.destroy();
  });

  it('says once that somebody takes the body, however often it is sent (100-continue)', () => {
    let starts = 0;
    const body = new ReplayBuffer(new PassThrough(), { empty: true, onStart: () => (starts += 1) });
    body.attach(new PassThrough(), nothing);
    body.attach(new PassThrough(), nothing);
    expect(starts).toBe(1);
  });
});
