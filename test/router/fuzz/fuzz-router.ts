import { epochHeader, tenantHeader } from '@lapidary/contracts/workload';
import { get } from '../corpus/case.ts';
import { requestCases } from '../corpus/requests.ts';
import { randomFrom } from '../run/random.ts';
import { readAlike } from '../run/check-upstream.ts';
import type { World } from '../run/run-request-case.ts';
import { someSplits } from '../run/splits.ts';
import { strict } from '../wire/habits.ts';
import { finalAnswers, readAnswers, type Message } from '../wire/read-messages.ts';
import { Talk, turns } from '../wire/talk.ts';
import { mutate } from './mutate.ts';
import type { NodeOracle, NodeReading } from './read-by-node.ts';

/** Long seeds are about length, which mutations don't change. */
const seedBytesMax = 600;
const seeds = requestCases.map((c) => c.bytes).filter((bytes) => bytes.length <= seedBytesMax);

/** The input of one number: the same number gives the same input, whatever ran before. */
export const inputOf = (seed: number): { readonly bytes: string; readonly parts: readonly string[] } => {
  const random = randomFrom(seed);
  // Often with a second request behind it: what is smuggled is always behind something.
  const bytes = mutate(random.pick(seeds), random) + (random.below(2) === 0 ? get('/behind') : '');
  const [parts = [bytes]] = random.below(2) === 0 ? someSplits(bytes, random, 1) : [];
  return { bytes, parts };
};

const valueOf = ({ head }: Message, name: string): string[] => head.headers.filter(([n]) => n.toLowerCase() === name).map(([, v]) => v);
const internal = /^(x[-_]lapidary[-_]|x[-_]forwarded[-_]|x[-_]real[-_]ip$|forwarded$)/i;
const ours = new Set([tenantHeader, epochHeader, 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-prefix']);

/** I4 on every message: our tenant and epoch once, nothing of the kind that the client sent. */
const checkOurs = (message: Message): string[] => {
  const problems: string[] = [];
  if (valueOf(message, tenantHeader).join() !== 'acme') problems.push(`tenant ${JSON.stringify(valueOf(message, tenantHeader))}`);
  if (valueOf(message, epochHeader).join() !== '1') problems.push(`epoch ${JSON.stringify(valueOf(message, epochHeader))}`);
  for (const [name] of message.head.headers) if (internal.test(name) && !ours.has(name)) problems.push(`passed on ${name}`);
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [!-~]+ HTTP\/1\.1$/.test(message.head.startLine))
    problems.push(`start line ${JSON.stringify(message.head.startLine)}`);
  return problems;
};

/** The path rule of the router takes "/t/acme" off, unless the host has said already whose request it is; the oracle sees the path before that. */
const sameTarget = (line: string): string => line.replace(/^(\S+) \/t\/acme(?=[/? ])\/?/, '$1 /').replace(/HTTP\/1\.0$/, 'HTTP/1.1');

/**
 * Where Node's parser is narrower than the RFC, and our scanner rightly not: methods it has no name for, and tabs around "chunked".
 */
const narrower = (bytes: string, { error }: NodeReading): boolean =>
  error === 'HPE_INVALID_METHOD' || (error === 'HPE_INVALID_TRANSFER_ENCODING' && /transfer-encoding:[^\r\n]*\t/i.test(bytes));

/** Whatever reached a stamp was a request to Node's parser as well, with the same body. */
const checkOracle = (bytes: string, messages: readonly Message[], node: NodeReading): string[] => {
  if (narrower(bytes, node)) return [];
  const open = node.requests.map((r) => `${sameTarget(r.line)}\n${r.body}`);
  return messages.flatMap((m) => {
    const at = open.indexOf(`${sameTarget(m.head.startLine)}\n${m.body.text}`);
    if (at >= 0) open.splice(at, 1);
    if (at >= 0) return [];
    return [
      `forwarded ${JSON.stringify([m.head.startLine, m.body.text])}, which Node's parser does not see in it (${node.error ?? 'no error'})`,
    ];
  });
};

/** Inputs that are read as unfinished end with the client's FIN; a stamp's answer takes a few turns of the event loop. */
const answerMs = 400;

/** Sends one input and returns what must never happen but did. */
export const fuzzOnce = async (world: World, oracle: NodeOracle, seed: number): Promise<string[]> => {
  const { bytes, parts } = inputOf(seed);
  const node = await oracle.read(bytes);
  const late = world.recorder.mark();
  const talk = await Talk.open(world.port);
  try {
    await talk.send(parts);
    const methods = node.requests.map((r) => r.line.split(' ')[0]!);
    const answers = (): number => finalAnswers(readAnswers(talk.text, methods, strict, talk.closed)).length;
    if (node.requests.length > 0) await talk.until(() => answers() >= node.requests.length, answerMs);
    await turns(3);
    talk.finish();
    if ((await talk.until(() => talk.closed, answerMs * 10)) === 'time')
      return ['the connection stays open after the client has closed its side'];
    await turns(3);
    const recorded = world.recorder.since();
    const readings = recorded.map((r) => readAlike(r.bytes));
    const messages = readings.flatMap((r) => r.reading.messages);
    return [
      ...(late === '' ? [] : [`an earlier input still reached the stamp: ${JSON.stringify(late)}`]),
      ...readings.flatMap((r) => r.problems),
      ...messages.flatMap(checkOurs),
      ...checkOracle(bytes, messages, node),
    ];
  } finally {
    talk.destroy();
  }
};
