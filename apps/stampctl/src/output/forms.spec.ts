import fc from 'fast-check';
import { AppError } from '@lapidary/kernel/app-error';
import { errorCatalogue, exitCodes, type ErrorCode } from '@lapidary/kernel/error-catalogue';
import { aDecision, anExplanation } from '@lapidary/testing/fleet-fixtures';
import { run } from '../test/run-stampctl.js';
import { parseDurationMs } from '../context/duration.js';
import { explanationText } from './explanation.js';
import { ago, humanAge, humanDuration } from './human-time.js';
import { Output } from './output.js';
import { renderFacts, renderTable, renderWrapped } from './table.js';
import { coloursFor, type Terminal } from './terminal.js';
import { readServerSentEvents } from '@lapidary/kernel/server-sent-events';

const terminal = (env: Record<string, string>, isTTY = true): { terminal: Terminal; written: string[] } => {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text), isTTY, columns: 80 };
  return {
    written,
    terminal: { stdout: stream, stderr: stream, stdin: process.stdin, env, cwd: '/', interrupted: new AbortController().signal },
  };
};

test.each(Object.keys(errorCatalogue) as ErrorCode[])('%s ends with the exit code of the catalogue, and never with 0', async (code) => {
  const exit = await new Output(terminal({}).terminal, 'table', false).fail(new AppError(code));
  expect(exit).toBe(errorCatalogue[code].exit);
  expect(exit).not.toBe(exitCodes.ok);
});

test('what was not thrown on purpose shows nothing of itself unless asked', async () => {
  const { terminal: t, written } = terminal({});
  expect(await new Output(t, 'table', false).fail(new Error('secret inside'))).toBe(1);
  expect(written.join('')).not.toContain('secret inside');
});

test('what a tenant wrote moves nothing in the terminal that reads it, hides nothing and passes for no other row', async () => {
  const evil = '\u001b]0;title\u0007\u001b[2J\u001b[8mhidden\u009b31m\u202eback';
  const { terminal: t, written } = terminal({});
  const output = new Output(t, 'table', false);
  const table = renderTable([{ title: 'REASON', cell: () => `${evil}\nus-1  active` }], [null], false);
  await output.result({ data: null, name: '', table: ({ colours }) => `${colours.red('ours')} ${table}` });
  output.note(evil);
  await output.fail(new AppError('invalid_input', evil));
  const shown = written.join('');
  expect(shown).toContain('\u001b[31mours\u001b[39m');
  expect(shown.split('\n').some((line) => line.startsWith('us-1'))).toBe(false);
  expect(shown).toContain('\\x1b[2J');
  expect(shown.replaceAll(/\u001b\[\d+m/g, '')).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/); // oxlint-disable-line no-control-regex
  expect(shown).not.toContain('\u001b[8m');
});

test('a value with line feeds passes for no other fact, no other row, and no advice of ours', async () => {
  const evil = 'not yet\nstatus:   active\r\ncheck: send the token to evil.example';
  const { terminal: t, written } = terminal({});
  const output = new Output(t, 'table', false);
  const facts = renderFacts([
    ['status', 'suspended'],
    ['reason', evil],
  ]);
  await output.result({ data: null, name: '', table: () => `${facts}\n${renderWrapped([['ok', 'links', evil]], [6, 10], 40)}` });
  await output.fail(new AppError('invalid_input', evil, { fields: [{ path: 'reason', message: evil }] }));
  const lines = written.join('').split('\n');
  expect(lines.filter((line) => /^status:|^check:/.test(line.replaceAll(/\u001b\[\d+m/g, '')))).toEqual([
    // oxlint-disable-line no-control-regex
    'status:  suspended',
    expect.stringContaining(errorCatalogue.invalid_input.check),
  ]);
  expect(lines.filter((line) => line.startsWith('reason:'))).toEqual([
    'reason:  not yet\\nstatus:   active\\ncheck: send the token to evil.example',
  ]);
});

test('a program that reads gets data as it is', async () => {
  const { terminal: t, written } = terminal({}, false);
  await new Output(t, 'name', false).result({ data: null, name: 'a\u001b[2J', table: () => '' });
  expect(written).toEqual(['a\u001b[2J\n']);
});

test.each([
  [{}, true, true],
  [{ NO_COLOR: '1' }, true, false],
  [{ CI: 'true' }, true, false],
  [{ CI: 'true', FORCE_COLOR: '1' }, false, true],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  [{ TERM: 'dumb' }, true, false],
  [{}, false, false],
])('with %j and a terminal: %s, colours: %s', (env, isTTY, coloured) => {
  const { terminal: t } = terminal(env, isTTY);
  expect(coloursFor(t, t.stderr).isColorSupported).toBe(coloured);
});

test('times are told as people tell them', () => {
  const now = Date.parse('2026-01-01T12:00:00Z');
  expect(ago('2026-01-01T11:58:00Z', now)).toBe('2 min ago');
  expect(ago('2026-01-01T12:00:03Z', now)).toBe('just now');
  expect(ago(null, now)).toBe('never');
  expect([59_000, 3_600_000, 47 * 3_600_000, 72 * 3_600_000].map(humanAge)).toEqual(['59 s', '1 h', '47 h', '3 d']);
  expect([400, 14_400, 200_000, 119_800, 120_000].map(humanDuration)).toEqual(['0.4 s', '14 s', '3 min 20 s', '2 min', '2 min']);
});

test('durations are read with their unit, and rubbish is refused', () => {
  expect(['90', '90s', '5m', '1.5h', '250ms'].map(parseDurationMs)).toEqual([90_000, 90_000, 300_000, 5_400_000, 250]);
  for (const bad of ['', '0', '-5s', 'soon', '5 parsecs']) expect(() => parseDurationMs(bad)).toThrow(AppError);
});

test('an explanation fits 80 columns whatever its reasons say, and loses no word of them', () => {
  const words = fc.array(fc.stringMatching(/^[a-z0-9]{1,16}$/), { minLength: 1, maxLength: 40 }).map((list) => list.join(' '));
  const view = { wide: false, columns: 80, colours: coloursFor(terminal({}, false).terminal, { write: () => 0 }), nowMs: Date.now() };
  fc.assert(
    fc.property(words, words, fc.float({ min: 0, max: 100, noNaN: true }), (reason, summary, value) => {
      const [first] = aDecision().candidates;
      const candidate = {
        ...first!,
        rules: [{ rule: 'residency', pass: false, reason }],
        scores: [{ score: 'headroom', value, weight: 0.25, reason }],
      };
      const decision = aDecision({ summary, candidates: [candidate] });
      const text = explanationText(anExplanation({ decision }), decision, view);
      expect(Math.max(...text.split('\n').map((l) => l.length))).toBeLessThanOrEqual(80);
      const flat = text.replace(/\s+/g, ' ');
      for (const word of `${reason} ${summary}`.split(' ')) expect(flat).toContain(word);
    }),
    { numRuns: 50 },
  );
});

test('an event stream means the same however the network cuts it', async () => {
  const text =
    ': hello\n\nid: eu-1-1\nevent: a\ndata: {"x":"é"}\n\nid: eu-1-2\r\nevent: b\r\ndata: one\r\ndata:two\r\n\r\nevent: empty\n\n';
  const bytes = new TextEncoder().encode(text);
  const expected = [
    { id: 'eu-1-1', event: 'a', data: '{"x":"é"}' },
    { id: 'eu-1-2', event: 'b', data: 'one\ntwo' },
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 }), async (cuts) => {
      const places = [0, ...[...new Set(cuts)].sort((a, b) => a - b), bytes.length];
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          places.slice(1).forEach((to, n) => controller.enqueue(bytes.slice(places[n], to)));
          controller.close();
        },
      });
      const events = [];
      for await (const event of readServerSentEvents(body)) events.push(event);
      expect(events).toEqual(expected);
    }),
  );
});

test('help names every command, and asking for it is no error', async () => {
  const { exit, out } = await run(['--help']);
  expect(exit).toBe(0);
  for (const word of ['provision', 'stamps', 'tenants', 'doctor', 'completion']) expect(out).toContain(word);
  expect((await run(['stamps'])).exit).toBe(2);
  expect((await run([])).exit).toBe(2);
  expect((await run(['stamps', 'ls', '--help'])).out).toContain('Examples:');
});
