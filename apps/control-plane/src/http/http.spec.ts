import { AppError } from '@lapidary/kernel/app-error';
import { BadRequestException, NotFoundException } from '@nestjs/common';
import fc from 'fast-check';
import { decodeCursor, encodeCursor, pageFrom } from './cursor.js';
import { etagOf, requireMatch } from './etag.js';
import { parseIdempotencyKey, requestHash } from './idempotency.js';
import { problemOf } from './problem.js';
import { requestIdOf } from './request-id.js';
import { fromIssues, translateError } from './translate-error.js';

const codeOf = (work: () => unknown): unknown => {
  try {
    work();
    return 'nothing thrown';
  } catch (error) {
    return (error as AppError).code;
  }
};

describe('idempotency keys', () => {
  it('are visible ASCII of bounded length, or absent', () => {
    expect(parseIdempotencyKey(undefined)).toBeNull();
    expect(parseIdempotencyKey('01J-abc:/x')).toBe('01J-abc:/x');
    for (const bad of ['', 'a b', 'ä', '\u0000', 'k'.repeat(201)]) expect(codeOf(() => parseIdempotencyKey(bad))).toBe('invalid_input');
  });

  it('stand for method, path and body, whatever the order of the body’s fields', () => {
    const hash = requestHash('POST', '/v1/tenants', { id: 'a', weight: 1 });
    expect(requestHash('POST', '/v1/tenants', { weight: 1, id: 'a' })).toBe(hash);
    expect(requestHash('POST', '/v1/tenants', { id: 'a', weight: 2 })).not.toBe(hash);
    expect(requestHash('POST', '/v1/other', { id: 'a', weight: 1 })).not.toBe(hash);
    expect(requestHash('POST', '/v1/x', undefined)).toBe(requestHash('POST', '/v1/x', null));
  });

  it('tell requests apart by what the query says, but not by who waits; the tenant is a part of the key itself', () => {
    const hash = (query?: Record<string, unknown>): string => requestHash('DELETE', '/v1/x', null, query);
    expect(hash({ wait: '5' })).toBe(hash());
    expect(hash({ tenant: 'acme' })).toBe(hash());
    expect(hash({ a: '1', b: '2', wait: '5' })).toBe(hash({ b: '2', a: '1' }));
    expect(new Set([{}, { a: '1' }, { a: ['1', '1'] }, { a: '1', b: '' }, { dryRun: 'true' }].map(hash)).size).toBe(5);
  });
});

describe('cursors', () => {
  it('give back any key; rubbish is refused', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (key) => decodeCursor(encodeCursor(key)) === key));
    expect(decodeCursor(undefined)).toBeNull();
    for (const bad of ['', 'abc', Buffer.from('{}').toString('base64url'), Buffer.from('[1]').toString('base64url')]) {
      expect(codeOf(() => decodeCursor(bad))).toBe('invalid_input');
    }
  });

  it('walk through any list without a hole or a repeat', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 })), fc.integer({ min: 1, max: 5 }), (names, limit) => {
        const sorted = [...names].sort();
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const after = decodeCursor(cursor);
          const rows = sorted.filter((n) => after === null || n > after).slice(0, limit + 1);
          const page = pageFrom(
            rows,
            limit,
            (r) => r,
            (r) => r,
          );
          seen.push(...page.items);
          cursor = page.next ?? undefined;
        } while (cursor !== undefined);
        expect(seen).toEqual(sorted);
      }),
    );
  });
});

describe('If-Match', () => {
  it.each([
    [undefined, true],
    ['*', true],
    ['"3"', true],
    ['"1", "3"', true],
    ['"2"', false],
    ['3', false],
    ['W/"3"', false],
    ['', false],
  ])('%s against version 3', (header, passes) => {
    expect(codeOf(() => requireMatch(header, 3))).toBe(passes ? 'nothing thrown' : 'version_conflict');
    expect(etagOf(3)).toBe('"3"');
  });
});

describe('errors become problems', () => {
  it.each([
    [new AppError('name_taken'), 'name_taken'],
    [new NotFoundException(), 'not_found'],
    [new BadRequestException('no'), 'invalid_input'],
    [Object.assign(new Error('big'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }), 'body_too_large'],
    [Object.assign(new SyntaxError('Unexpected token'), { statusCode: 400 }), 'invalid_input'],
    [Object.assign(new Error('x'), { code: 'FST_ERR_SOMETHING_NEW', statusCode: 431 }), 'invalid_input'],
    [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'not_ready'],
    [Object.assign(new Error('terminating connection'), { driverError: { code: '57P01' } }), 'not_ready'],
    [new Error('Connection terminated unexpectedly'), 'not_ready'],
    [new Error('timeout exceeded when trying to connect'), 'overloaded'],
    [Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' }), 'overloaded'],
    [Object.assign(new Error('relation "x" does not exist'), { code: '42P01' }), 'internal'],
    [new TypeError('x is undefined'), 'internal'],
    ['a string', 'internal'],
    [undefined, 'internal'],
  ])('%s', (thrown, code) => {
    const problem = problemOf(translateError(thrown), 'req-1');
    expect(problem).toMatchObject({ code, requestId: 'req-1', check: expect.stringMatching(/\w/) });
    if (code === 'internal') expect(JSON.stringify(problem)).not.toMatch(/relation|undefined|string/);
  });

  it('name each wrong field by its path', () => {
    const error = fromIssues([
      { message: 'too long', path: ['labels', { key: 'a' }] },
      { message: 'unknown key', path: [] },
    ]);
    expect(error.fields).toEqual([
      { path: 'labels.a', message: 'too long' },
      { path: '', message: 'unknown key' },
    ]);
    expect(error.message).toBe('labels.a: too long; unknown key');
  });
});

describe('request ids', () => {
  it('are the caller’s where they are safe, else new', () => {
    expect(requestIdOf({ headers: { 'x-request-id': 'a.b-c_1' } })).toBe('a.b-c_1');
    for (const bad of ['', ' a', '-a', 'a b', 'a\n', 'x'.repeat(65)]) {
      expect(requestIdOf({ headers: { 'x-request-id': bad } })).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    }
  });
});
