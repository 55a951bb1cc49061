import { brotliCompressSync } from 'node:zlib';
import { headers, type MsgHdrs } from '@nats-io/transport-node';

const encoded = (encoding: string): MsgHdrs => {
  const h = headers();
  h.set('Content-Encoding', encoding);
  return h;
};
const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
/** What nobody of ours sends: as the body of a message, with its heads. */
export const rubbish: Readonly<Record<string, readonly [body: string | Uint8Array, headers?: MsgHdrs]>> = {
  nothing: [''],
  'no JSON': ['rubbish'],
  'half of a JSON': ['{"want":'],
  'bytes that are no text': [Buffer.from([0xff, 0xfe, 0x00, 0x80])],
  null: ['null'],
  'a list': ['[]'],
  'a number': ['1e999'],
  'an object of nothing': ['{}'],
  'a nesting that overflows a stack': [deep],
  'such a nesting in a field': [`{"want":${deep},"epoch":${deep},"stamp":${deep}}`],
  'three megabytes': [JSON.stringify({ want: 'x'.repeat(3 << 20) })],
  'a small message that unpacks to 64 MB': [brotliCompressSync(Buffer.alloc(64 << 20, ' ')), encoded('br')],
  'what says that it is packed and is not': ['{}', encoded('br')],
  'columns that are none': [Buffer.from('rubbish'), encoded('lapidary-columns-1')],
  'an encoding of nobody': ['{}', encoded('rot13')],
};
