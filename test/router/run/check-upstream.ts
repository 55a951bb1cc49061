import { epochHeader, requestIdHeader, tenantHeader } from '@lapidary/contracts/workload';
import type { Forwarded } from '../corpus/case.ts';
import { fieldHabits, strict } from '../wire/habits.ts';
import { readRequests, type Message, type Reading } from '../wire/read-messages.ts';
import type { Recorded } from '../wire/recorder.ts';

/** What the router says itself, and what it must look like; each exactly once on every message (I4). */
const own: Readonly<Record<string, RegExp>> = {
  [tenantHeader]: /^acme$/,
  [epochHeader]: /^1$/,
  [requestIdHeader]: /^[A-Za-z0-9._-]{8,128}$/,
  traceparent: /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/,
  'x-forwarded-for': /^127\.0\.0\.1$/,
  'x-forwarded-proto': /^https?$/,
  'x-forwarded-host': /^.+$/,
};
/** May be there; what they say is checked apart. */
const framingNames = new Set(['content-length', 'transfer-encoding']);
const mayBe: Readonly<Record<string, RegExp>> = { connection: /^(keep-alive|close|upgrade)$/i, 'x-forwarded-prefix': /^\/t\/acme$/ };
/** Only what goes with an upgrade that was granted. */
const withUpgrade = 'upgrade';

const gist = (reading: Reading): string =>
  JSON.stringify([
    reading.messages.map((m) => [m.head.startLine, m.body.text]),
    reading.rest === 'incomplete' ? 'incomplete' : reading.rest,
  ]);

/** All habits must read the same messages; else somebody behind us can be made to see what we did not check. */
export const readAlike = (bytes: string): { readonly reading: Reading; readonly problems: string[] } => {
  const reading = readRequests(bytes, strict);
  const problems: string[] = [];
  for (const habits of fieldHabits) {
    const other = readRequests(bytes, habits);
    if (gist(other) !== gist(reading)) problems.push(`"${habits.name}" reads ${gist(other)}, strict reads ${gist(reading)}`);
  }
  return { reading, problems };
};

const checkHeaders = ({ head }: Message, proto: string, expected: Forwarded): string[] => {
  const problems: string[] = [];
  const rest: string[] = [];
  const counts = new Map<string, number>();
  const upgrades = head.headers.some(([name, value]) => name.toLowerCase() === 'connection' && value.toLowerCase() === 'upgrade');
  for (const [name, value] of head.headers) {
    const lower = name.toLowerCase();
    const pattern = own[lower] ?? mayBe[lower];
    if (pattern) {
      counts.set(lower, (counts.get(lower) ?? 0) + 1);
      if (!pattern.test(value) || (lower === 'x-forwarded-proto' && value !== proto)) problems.push(`${name}: ${value}`);
    } else if (!framingNames.has(lower) && !(lower === withUpgrade && upgrades)) rest.push(`${name}: ${value}`);
  }
  for (const name of Object.keys(own)) if (counts.get(name) !== 1) problems.push(`${name} ${counts.get(name) ?? 0} times`);
  for (const [name, count] of counts) if (count > 1) problems.push(`${name} ${count} times`);
  const [is, shouldBe] = [rest.join('\n'), expected.headers.join('\n')];
  if (is !== shouldBe) problems.push(`headers ${JSON.stringify(rest)} instead of ${JSON.stringify(expected.headers)}`);
  return problems;
};

const checkFraming = (message: Message, expected: Forwarded): string[] => {
  const { framing, head, body } = message;
  const kind = typeof framing === 'object' ? (framing.bytes === 0 ? 'none' : 'length') : framing;
  const problems = kind === expected.framing ? [] : [`framed by ${kind} instead of ${expected.framing}`];
  if (typeof framing === 'object') {
    const [, written] = head.headers.find(([name]) => name.toLowerCase() === 'content-length')!;
    if (written !== String(framing.bytes)) problems.push(`length written as ${written}`);
  }
  if (body.extensions.some((e) => e !== '')) problems.push(`chunk extensions ${JSON.stringify(body.extensions)}`);
  if (body.trailers.length > 0) problems.push(`trailers ${JSON.stringify(body.trailers)}`);
  return problems;
};

const byLine = <T>(list: readonly T[], line: (item: T) => string): T[] =>
  [...list].sort((a, b) => (line(a) < line(b) ? -1 : line(a) > line(b) ? 1 : 0));

/** What reached the stamp, on all connections, against what should have; pipelined requests may overtake each other on the way. */
export const checkUpstream = (recorded: readonly Recorded[], proto: string, expected: readonly Forwarded[]): string[] => {
  const readings = recorded.map(({ bytes }) => readAlike(bytes));
  const problems = readings.flatMap((r) => r.problems);
  for (const { reading } of readings)
    if (reading.rest !== 'nothing') problems.push(`upstream has ${JSON.stringify(reading.rest)} behind it`);
  const messages = byLine(
    readings.flatMap((r) => r.reading.messages),
    (m) => m.head.startLine,
  );
  const wanted = byLine(expected, (e) => e.line);
  const lines = [messages.map((m) => m.head.startLine), wanted.map((e) => e.line)].map((list) => JSON.stringify(list));
  if (lines[0] !== lines[1]) return [...problems, `upstream saw ${lines[0]} instead of ${lines[1]}`];
  for (const [i, message] of messages.entries()) {
    const e = wanted[i]!;
    if (message.body.text !== e.body) problems.push(`body ${JSON.stringify(message.body.text)} instead of ${JSON.stringify(e.body)}`);
    problems.push(...checkHeaders(message, proto, e), ...checkFraming(message, e));
  }
  return problems;
};

/** No habit may find a whole message in what has arrived. */
export const checkNothingWhole = (recorded: readonly Recorded[]): string[] =>
  recorded.flatMap(({ bytes }) =>
    fieldHabits.flatMap((habits) => {
      const { messages } = readRequests(bytes, habits);
      return messages.length === 0 ? [] : [`"${habits.name}" sees a whole message: ${messages[0]!.head.startLine}`];
    }),
  );
