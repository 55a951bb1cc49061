import { latin1 } from './characters.js';
import { ScanResult } from './head-record.js';
import { keptFields } from './rebuild-head.js';
import { ResponseHead, scanResponseHead } from './response-head.js';

const head = new ResponseHead();
const answer = (...lines: string[]): Buffer => Buffer.from(`HTTP/1.1 200 OK\r\n${lines.map((l) => `${l}\r\n`).join('')}\r\n`, 'latin1');
const scan = (bytes: Buffer): ScanResult => scanResponseHead(bytes, 0, bytes.length, head);

describe('what the answer scanner refuses', () => {
  it.each([
    ['two lengths', answer('Content-Length: 5', 'Content-Length: 5')],
    ['a length beside chunks', answer('Content-Length: 5', 'Transfer-Encoding: chunked')],
    ['a length that is no number', answer('Content-Length: 5,5')],
    ['another coding', answer('Transfer-Encoding: gzip')],
    ['chunks in HTTP/1.0', Buffer.from('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')],
    ['a bare LF', Buffer.from('HTTP/1.1 200 OK\nA: b\r\n\r\n')],
    ['NUL in the reason', Buffer.from('HTTP/1.1 200 O\0K\r\n\r\n')],
    ['obs-fold', answer('A: b', ' c')],
    ['a space before the colon', answer('A : b')],
    ['a status of two digits', Buffer.from('HTTP/1.1 20 OK\r\n\r\n')],
    ['a status below 100', Buffer.from('HTTP/1.1 099 OK\r\n\r\n')],
    ['HTTP/2', Buffer.from('HTTP/2.0 200 OK\r\n\r\n')],
    ['another protocol', Buffer.from('SSH-2.0-x\r\n')],
    ['101 fields', answer(...Array.from({ length: 101 }, (_, i) => `X-${i}: 1`))],
    ['a head of 40 kB', answer(`A: ${'x'.repeat(40_000)}`)],
  ])('%s', (_, bytes) => {
    expect(scan(bytes)).toBe(ScanResult.Refused);
    for (let to = 0; to < bytes.length; to += Math.max(1, Math.floor(bytes.length / 2_000))) {
      expect(scanResponseHead(bytes, 0, to, head)).not.toBe(ScanResult.Complete);
    }
  });
});

describe('what it takes', () => {
  it.each([
    ['no reason', Buffer.from('HTTP/1.1 204\r\n\r\n'), { status: 204 }],
    ['an empty reason', Buffer.from('HTTP/1.1 200 \r\n\r\n'), { status: 200 }],
    ['HTTP/1.0', Buffer.from('HTTP/1.0 200 OK\r\n\r\n'), { http10: true }],
    ['an agent’s error', answer('x-lapidary-error: misdirected'), { cutCount: 0 }],
    ['how long it keeps a connection', answer('Keep-Alive: max=3, timeout=5'), { keepAliveSeconds: 5, cutCount: 1 }],
    ['that it closes', answer('Connection: close'), { close: true }],
  ])('%s, complete at its last byte and not before', (_, bytes, found) => {
    for (let to = 0; to < bytes.length; to += 1) expect(scanResponseHead(bytes, 0, to, head)).toBe(ScanResult.Incomplete);
    expect(scan(bytes)).toBe(ScanResult.Complete);
    expect(head).toMatchObject(found);
  });

  it('passes on end-to-end fields, those of agents too, and the length; not what is for one hop, nor its request id', () => {
    const bytes = answer(
      'A: b',
      'Connection: keep-alive',
      'Content-Length: 3',
      'x-lapidary-stamp: eu-1',
      'X-Request-Id: 1',
      'Trailer: x',
      'Server: s',
    );
    expect(scan(bytes)).toBe(ScanResult.Complete);
    expect(keptFields(bytes, head)).toBe('A: b\r\nContent-Length: 3\r\nx-lapidary-stamp: eu-1\r\nServer: s\r\n');
  });

  it('knows what an agent said', () => {
    const bytes = answer('X-Lapidary-Error: misdirected');
    scan(bytes);
    expect(latin1(bytes, head.agentErrorStart, head.agentErrorEnd)).toBe('misdirected');
  });
});
