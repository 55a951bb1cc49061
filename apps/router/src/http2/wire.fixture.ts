import { connect, type Socket } from 'node:net';
import { constants } from 'node:http2';

/** For tests: HTTP/2 as bytes, for what no library would send. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export const types = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 } as const;
export const endStream = 0x1;
export const endHeaders = 0x4;
const ack = 0x1;
/** Until the other end has said otherwise (RFC 9113 §6.9.2). */
export const firstWindowBytes = 65_535;
/** Of settings (RFC 9113 §6.5.2). */
const initialWindowSize = 0x4;

export const frame = (type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

/** RFC 7541 §5.1 and §5.2, without Huffman coding. */
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
};

/** Each field literal and never indexed: whatever bytes a test wants (RFC 7541 §6.2.3). */
export const block = (fields: readonly (readonly [string, string])[]): Buffer =>
  Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0x10]), text(name), text(value)]));

export type Fields = readonly (readonly [string, string])[];

/** A request's pseudo fields, in the usual order, for the tenant "acme". */
export const usual = (method = 'GET', path = '/'): Fields => [
  [':method', method],
  [':scheme', 'https'],
  [':authority', 'acme.lapidary.localhost'],
  [':path', path],
];

export const headers = (stream: number, fields: Fields, flags = endStream | endHeaders): Buffer =>
  frame(types.headers, flags, stream, block(fields));
export const data = (stream: number, body: string, flags = endStream): Buffer => frame(types.data, flags, stream, Buffer.from(body));
export const reset = (stream: number, code: number = constants.NGHTTP2_CANCEL): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return frame(types.reset, 0, stream, payload);
};
export const windowUpdate = (stream: number, bytes: number): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(types.windowUpdate, 0, stream, payload);
};

export const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** A client that sends frames and keeps those that come. */
export class Http2Wire {
  readonly frames: Frame[] = [];
  closed = false;
  /** Of a new stream, as the other end says. */
  windowBytes = firstWindowBytes;
  private held = Buffer.alloc(0);

  private constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
    socket.on('end', () => (this.closed = true));
    socket.on('data', (chunk) => this.take(chunk));
  }

  static open(port: number, first: string = preface): Promise<Http2Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(Http2Wire.over(socket, first)));
    });
  }

  /** On a connection that is open. */
  static over(socket: Socket, first: string = preface): Http2Wire {
    const wire = new Http2Wire(socket);
    socket.write(first, 'latin1');
    if (first === preface) wire.send(frame(types.settings, 0, 0));
    return wire;
  }

  send(...frames: Buffer[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames));
  }

  of(type: number, stream?: number): Frame[] {
    return this.frames.filter((one) => one.type === type && (stream === undefined || one.stream === stream));
  }

  /** The code by which the connection is ended (GOAWAY); undefined: it is not. */
  get goaway(): number | undefined {
    return this.of(types.goaway)[0]?.payload.readUInt32BE(4);
  }

  /** The code by which a stream is reset; undefined: it is not. */
  resetOf(stream: number): number | undefined {
    return this.of(types.reset, stream)[0]?.payload.readUInt32BE(0);
  }

  body(stream: number): string {
    return this.of(types.data, stream)
      .map(({ payload }) => payload.toString())
      .join('');
  }

  private obey(settings: Buffer): void {
    for (let at = 0; at < settings.length; at += 6)
      if (settings.readUInt16BE(at) === initialWindowSize) this.windowBytes = settings.readUInt32BE(at + 2);
    this.send(frame(types.settings, ack, 0));
  }

  private take(chunk: Buffer): void {
    this.held = Buffer.concat([this.held, chunk]);
    for (;;) {
      if (this.held.length < 9) return;
      const length = this.held.readUIntBE(0, 3);
      if (this.held.length < 9 + length) return;
      const [type, flags, stream] = [this.held.readUInt8(3), this.held.readUInt8(4), this.held.readUInt32BE(5)];
      this.frames.push({ type, flags, stream, payload: Buffer.from(this.held.subarray(9, 9 + length)) });
      this.held = this.held.subarray(9 + length);
      if (type === types.settings && flags !== ack) this.obey(this.frames.at(-1)!.payload);
    }
  }
}
