import fc from 'fast-check';
import { ChunkReader, ChunkStep } from './chunk-reader.js';

interface Outcome {
  body: string;
  end: 'more' | 'done' | 'bad';
  rest: number;
}

/** Reads the bytes in the given pieces. */
const readAll = (text: string, cuts: readonly number[] = []): Outcome => {
  const bytes = Buffer.from(text, 'latin1');
  const reader = new ChunkReader();
  let body = '';
  const ends = [...cuts, bytes.length].sort((a, b) => a - b);
  let at = 0;
  for (const to of ends) {
    while (at < to) {
      const step = reader.read(bytes, at, to);
      if (step === ChunkStep.Bad) return { body, end: 'bad', rest: 0 };
      at = reader.at;
      if (step === ChunkStep.Data) body += bytes.toString('latin1', reader.dataStart, reader.dataEnd);
      if (step === ChunkStep.Done) return { body, end: 'done', rest: bytes.length - at };
      if (step === ChunkStep.More) break;
    }
  }
  return { body, end: 'more', rest: 0 };
};

describe('the chunked coding', () => {
  it.each([
    ['chunks', '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n', 'hello world'],
    ['an empty body', '0\r\n\r\n', ''],
    ['upper and lower case sizes', 'A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n', '01234567890123456789'],
    ['extensions, dropped', '5;a=b;c="d e;\\"";f\r\nhello\r\n0;x\r\n\r\n', 'hello'],
    ['trailers, dropped', '2\r\nok\r\n0\r\nContent-Digest: 9\r\nX-A: b\r\n\r\n', 'ok'],
    ['a trailer whose name begins like one that is refused', '2\r\nok\r\n0\r\nContent-Length-Of-Old: 9\r\nConnect: b\r\n\r\n', 'ok'],
  ])('%s: read whole, with what is behind left alone, however it is cut', (_, text, body) => {
    for (let cut = 0; cut <= text.length; cut += 1) expect(readAll(`${text}GET /`, [cut])).toEqual({ body, end: 'done', rest: 5 });
  });

  it.each([
    ['a size that is not hexadecimal', 'z\r\n'],
    ['no size', '\r\n'],
    ['a size with a sign', '-5\r\nhello\r\n'],
    ['a size with 0x', '0x5\r\nhello\r\n'],
    ['a blank behind the size', '5 \r\nhello\r\n'],
    ['a size of more than 48 bits', '1000000000000\r\n'],
    ['a size ended by LF', '5\nhello\r\n0\r\n\r\n'],
    ['a size ended by CR', '5\rhello'],
    ['LF in an extension', '5;a\nhello\r\n0\r\n\r\n'],
    ['CR in an extension', '5;a\rb\r\nhello\r\n'],
    ['NUL in an extension', '5;\0\r\nhello\r\n'],
    ['an extension without a name', '5;\r\nhello\r\n0\r\n\r\n'],
    ['an extension without a name between others', '5;a;;b\r\nhello\r\n'],
    ['a blank before an extension', '5; a\r\nhello\r\n'],
    ['a name with ":"', '5;a:=b\r\nhello\r\n'],
    ['an extension without a value behind "="', '5;a=\r\nhello\r\n'],
    ['two values', '5;a=b=c\r\nhello\r\n'],
    ['quotes that stay open', '5;a="b;c_\r\nhello\r\n'],
    ['quotes closed by what is escaped', '5;a="b\\"\r\nhello\r\n'],
    ['more behind quotes', '5;a="b"c\r\nhello\r\n'],
    ['CR in quotes', '5;a="b\rc"\r\nhello\r\n'],
    ['LF behind "\\" in quotes', '5;a="b\\\nc"\r\nhello\r\n'],
    ['extensions of more than 16 kB', `5;${'a'.repeat(17_000)}\r\n`],
    ['extensions of more than 16 kB over many chunks', `1;${'a'.repeat(1_000)}\r\nx\r\n`.repeat(20)],
    ['a chunk that is longer than its size', '5\r\nhellooo\r\n0\r\n\r\n'],
    ['a chunk ended by LF', '5\r\nhello\n0\r\n\r\n'],
    ['an end ended by LF', '0\r\n\n'],
    ['a folded trailer', '0\r\nA: b\r\n c\r\n\r\n'],
    ['a trailer without a colon', '0\r\nA\r\n\r\n'],
    ['a trailer with NUL', '0\r\nA: \0\r\n\r\n'],
    ['a length among trailers', '0\r\nA: b\r\nContent-Length: 9\r\n\r\n'],
    ['a length among trailers, with an underscore', '0\r\ncontent_length: 9\r\n\r\n'],
    ['a coding among trailers', '0\r\nTRANSFER-ENCODING: chunked\r\n\r\n'],
    ['what concerns the connection among trailers', '0\r\nConnection: close\r\n\r\n'],
    ['trailers of more than 8 kB', `0\r\nA: ${'b'.repeat(9_000)}\r\n\r\n`],
  ])('%s: refused, however it is cut', (_, text) => {
    for (let cut = 0; cut <= Math.min(text.length, 40); cut += 1) expect(readAll(text, [cut]).end).toBe('bad');
  });

  it('any cutting of any body gives the same bytes', () => {
    const chunk = fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.constantFrom('', ';x', ';a=b', ';a="b;\\"c"'));
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 6 }), fc.array(fc.nat(200), { maxLength: 6 }), (chunks, cuts) => {
        const latin = chunks.map(([data, ext]) => [Buffer.from(data).toString('latin1'), ext] as const);
        const text = `${latin.map(([data, ext]) => `${data.length.toString(16)}${ext}\r\n${data}\r\n`).join('')}0\r\n\r\n`;
        const within = cuts.filter((cut) => cut <= text.length);
        expect(readAll(text, within)).toEqual({ body: latin.map(([data]) => data).join(''), end: 'done', rest: 0 });
      }),
    );
  });
});
