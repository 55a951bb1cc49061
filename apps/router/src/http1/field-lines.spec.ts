import fc from 'fast-check';
import { internalHeaderPrefix, requestIdHeader } from '@lapidary/contracts/workload';
import { clientNamePrefix, clientNames, hopByHop } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import { headerCountMax } from '@lapidary/stamp-sdk/forward/request-check';
import { FieldKind, fieldKind, mayBeAKind, placeOfName } from './field-kinds.js';
import { FieldLines, fieldLines, scanInThisNode, type ScanLines } from './field-lines.js';
import { ResponseHead, scanResponseHead } from './response-head.js';
import { scanRequestHead } from './request-head.js';
import { RequestHead } from './request-record.js';

const readBuffer = fieldLines.buffer;
const readBuffers = [readBuffer, fieldLines.linkBuffer] as const;
const offsets = [
  'end', 'fieldsStart', 'fieldsEnd', 'start', 'methodEnd', 'targetStart', 'targetEnd', 'statusStart',
  'hostStart', 'hostEnd', 'requestIdStart', 'requestIdEnd', 'traceparentStart', 'traceparentEnd', 'priorityStart', 'priorityEnd',
  'agentErrorStart', 'agentErrorEnd',
]; // prettier-ignore

/** All that a scan has told of the head, its offsets from where it begins. Ends of what is not there mean nothing. */
const told = (head: RequestHead | ResponseHead, result: number, from: number): unknown => {
  const { cuts, cutCount, ...rest } = head;
  if (result !== 1) return [result, rest.status, rest.reason];
  const entries = Object.entries(rest).map(([name, value]) => {
    if (!offsets.includes(name)) return [name, value];
    const isThere = (rest as unknown as Record<string, number>)[name.replace(/End$/, 'Start')] ?? 0;
    return [name, isThere < 0 ? isThere : (value as number) - from];
  });
  return [result, Object.fromEntries(entries), [...cuts.subarray(0, 2 * cutCount)].map((at) => at - from)];
};

const scans = {
  request: (bytes: Buffer, from: number, to: number): unknown => {
    const head = new RequestHead();
    return told(head, scanRequestHead(bytes, from, to, head), from);
  },
  answer: (bytes: Buffer, from: number, to: number): unknown => {
    const head = new ResponseHead();
    return told(head, scanResponseHead(bytes, from, to, head), from);
  },
};

const firstLines = { request: 'POST /a?b HTTP/1.1\r\n', answer: 'HTTP/1.1 200 OK\r\n' };
const names = [
  'Host', 'host', 'Content-Length', 'content_length', 'Transfer-Encoding', 'transfer-encodinX', 'Connection', 'Keep-Alive', 'Upgrade', 'Expect', 'TE', 'Trailer',
  'X-Lapidary-Epoch', 'x_lapidary_error', 'x-lapidary-error', 'X-Request-Id', 'Traceparent', 'X-Tenant', 'Priority', 'X-Forwarded-For', 'Accept', 'Sec-Fetch-Destination',
  'Sixteen-Letters-', 'a', '', 'X-[', 'X-\xe9', ' folded',
]; // prettier-ignore
const values = [
  '',
  'a',
  '5',
  '05',
  'chunked',
  'close',
  'keep-alive',
  'timeout=5',
  ' padded\t ',
  '\xe9\x80',
  'v'.repeat(15),
  'v'.repeat(16),
  'v'.repeat(17),
  'a\0',
  'a\x7f',
  'a\rb',
  'a\x1f',
];
const line = fc.tuple(
  fc.constantFrom(...names),
  fc.oneof({ weight: 9, arbitrary: fc.constant(':') }, fc.constantFrom(' :', '', '\t:')),
  fc.constantFrom('', ' ', '\t', '  '),
  fc.oneof(fc.constantFrom(...values), fc.string({ unit: 'binary-ascii', maxLength: 40 })),
  fc.oneof({ weight: 12, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r', '')),
);
const lines = fc.array(line, { maxLength: 9 }).map((all) => all.map((parts) => parts.join('')).join(''));

/** Where it stands in the buffer, what another read has left around it, and how much of it has come. */
const asRead = (text: string, place: number, left: number, cut: number, into = readBuffer): readonly [number, number, Buffer] => {
  const whole = Buffer.from(text, 'latin1');
  const bytes = whole.subarray(0, Math.max(0, whole.length - cut));
  const from = Math.min(place, into.length - whole.length);
  into.fill(left, Math.max(0, from - 16), Math.min(into.length, from + whole.length + 16));
  into.set(whole, from);
  return [from, from + bytes.length, Buffer.from(bytes)];
};

describe.each(['request', 'answer'] as const)('the two scanners, of a head of an %s', (kind) => {
  it('tell the same, of whatever comes, wherever it stands and however much of it has come (F1)', () => {
    let whole = 0;
    fc.assert(
      fc.property(
        lines,
        fc.constantFrom(0, 1, 7, 15, Infinity),
        fc.constantFrom(0x41, 0x0d, 0x0a, 0),
        fc.constantFrom(0, 0, 0, 1, 2, 3, 20),
        fc.constantFrom('buffer' as const, 'linkBuffer' as const),
        (text, place, left, cut, name) => {
          const into = fieldLines[name];
          const [from, to, own] = asRead(
            `${firstLines[kind]}${kind === 'request' ? 'Host: a.example\r\n' : ''}${text}\r\n`,
            place,
            left,
            cut,
            into,
          );
          const found = scans[kind](into, from, to) as readonly unknown[];
          if (found[0] === 1) whole += 1;
          expect(found).toEqual(scans[kind](own, 0, own.length));
        },
      ),
      { numRuns: 4_000 },
    );
    expect(whole).toBeGreaterThan(200);
    expect(fieldLines.isUsed).toBe(true);
  });

  it.each([headerCountMax, headerCountMax + 1])('tell the same of %i fields', (count) => {
    const fields = Array.from({ length: kind === 'request' ? count - 1 : count }, (_, i) => `X-${i}: 1\r\n`).join('');
    const [from, to, own] = asRead(`${firstLines[kind]}${kind === 'request' ? 'Host: a\r\n' : ''}${fields}\r\n`, 9, 0x41, 0);
    expect(scans[kind](readBuffer, from, to)).toEqual(scans[kind](own, 0, own.length));
  });
});

it('a name that means something is passed over under none of its spellings', () => {
  const known = [...hopByHop, ...clientNames, internalHeaderPrefix, clientNamePrefix, requestIdHeader, ...names];
  const spelled = fc
    .tuple(
      fc.oneof(fc.constantFrom(...known), fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 })),
      fc.string({ maxLength: 30 }),
      fc.nat(3),
    )
    .map(([name, more, how]) => {
      const whole = how < 2 ? name : name + more;
      return how % 2 === 0 ? whole : whole.toUpperCase().replaceAll('-', '_');
    })
    .filter((name) => name !== '');
  fc.assert(
    fc.property(spelled, (name) => {
      const bytes = Buffer.from(name, 'latin1');
      if (fieldKind(bytes, 0, bytes.length) !== FieldKind.Plain) expect(mayBeAKind[placeOfName(bytes[0]!, bytes.length)]).toBe(1);
    }),
    { numRuns: 3_000 },
  );
  expect(mayBeAKind[placeOfName('U'.charCodeAt(0), 'User-Agent'.length)]).toBe(0);
});

it('plain heads are read in WebAssembly', () => {
  for (const into of readBuffers) {
    const to = into.write('Host: a\r\nAccept: b\r\nCookie: c\r\n\r\n', 'latin1');
    expect(fieldLines.read(into, 0, to)).toBe(to - 2);
    expect(fieldLines).toMatchObject({ fieldCount: 3, isUsed: true });
  }
});

describe('a scanner that is not as expected is given up (F2)', () => {
  const plain = 'Host: a\r\n\r\n';
  const readBy = (scan: ScanLines): readonly [boolean, number, boolean] => {
    let asked = 0;
    // It passes its test, and has its fault from then on.
    const subject = new FieldLines((memory) => {
      const counts = new Int32Array(memory.buffer);
      const exact = scanInThisNode(memory);
      return (...of) => ((asked += 1) <= 10 ? exact(...of) : (counts.set([1, 1], 8), scan(...of)));
    });
    const wasUsed = subject.isUsed;
    const to = subject.buffer.write(plain, 'latin1');
    return [wasUsed, subject.read(subject.buffer, 0, to), subject.isUsed];
  };
  it.each<[string, ScanLines]>([
    ['an end before the beginning', (from) => from - 1],
    ['an end behind what has come', (_, to) => to - 1],
    ['no number', () => Number.NaN],
    ['an error', () => { throw new RangeError('out of bounds'); }], // prettier-ignore
  ])('%s', (_, scan) => {
    expect(readBy(scan)).toEqual([true, -1, false]);
  });

  it.each<[string, (memory: WebAssembly.Memory) => ScanLines]>([
    ['cannot be loaded', () => { throw new WebAssembly.CompileError('no SIMD here'); }], // prettier-ignore
    ['reads otherwise in its test', () => (from) => from],
    ['takes what the other refuses', () => (_, to) => to - 2],
  ])('one that %s is never used', (_, load) => {
    const subject = new FieldLines(load);
    const to = subject.buffer.write(plain, 'latin1');
    expect([subject.isUsed, subject.read(subject.buffer, 0, to)]).toEqual([false, -1]);
  });
});
