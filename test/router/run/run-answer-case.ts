import type { AnswerCase, ExpectedAnswer, Relayed } from '../corpus/answer-case.ts';
import { get, request } from '../corpus/case.ts';
import { strict } from '../wire/habits.ts';
import { finalAnswers, interimAnswers, readAnswers, statusOf, type Message } from '../wire/read-messages.ts';
import { answerSeen, pathOf } from '../wire/recorder.ts';
import { Talk, turns } from '../wire/talk.ts';
import { readAlike } from './check-upstream.ts';
import { patienceMs, settleTurns, type World } from './run-request-case.ts';

/** What the router says itself on every answer, and what belongs to the connection. */
const own = new Set(['x-request-id', 'date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']);

/** Said by every stamp's own front door. */
const ofDoor = 'x-lapidary-stamp';

const checkRelayed = (answer: Message, expected: Relayed, hasDoor: boolean): string[] => {
  const problems: string[] = [];
  const theirs = (name: string): boolean => !own.has(name.toLowerCase()) && !(hasDoor && name.toLowerCase() === ofDoor);
  const lines = (all: readonly (readonly [string, string])[]): string[] =>
    all.filter(([name]) => theirs(name)).map(([name, value]) => `${name}: ${value}`);
  const headers = lines(answer.head.headers);
  const wanted = expected.headers.filter((line) => theirs(line.split(':')[0]!));
  if (statusOf(answer) !== expected.status) problems.push(`status ${statusOf(answer)} instead of ${expected.status}`);
  if (headers.join('\n') !== wanted.join('\n')) problems.push(`headers ${JSON.stringify(headers)}`);
  if (answer.body.text !== expected.body) problems.push(`body ${JSON.stringify(answer.body.text)}`);
  if (answer.body.trailers.length > 0) problems.push(`trailers ${JSON.stringify(answer.body.trailers)}`);
  if (answer.body.extensions.some((e) => e !== '')) problems.push('chunk extensions');
  if (!answer.head.headers.some(([name]) => name.toLowerCase() === 'x-request-id')) problems.push('no x-request-id');
  return problems;
};

const checkInterims = (interims: readonly Message[], { interim = [] }: Relayed): string[] => {
  const seen = interims.map(({ head }) => [
    head.startLine.replace('HTTP/1.1 ', ''),
    ...head.headers.map(([name, value]) => `${name}: ${value}`),
  ]);
  return JSON.stringify(seen) === JSON.stringify(interim) ? [] : [`before it came ${JSON.stringify(seen)}`];
};

const stampAnswers = (one: AnswerCase): Parameters<World['recorder']['answerBy']>[0] => {
  return (message, socket) => {
    if (pathOf(message) !== '/case') return answerSeen(message, socket);
    const after = (): void => {
      if (one.then === 'ends') socket.end();
      // Reset once the bytes have been read: a reset that overtakes them would be another case.
      if (one.then === 'resets') void turns(settleTurns).then(() => socket.resetAndDestroy());
    };
    if (one.bytes === '') after();
    else socket.write(one.bytes, 'latin1', after);
  };
};

const judge = async (world: World, talk: Talk, one: AnswerCase, expected: ExpectedAnswer): Promise<string[]> => {
  const problems: string[] = [];
  const answers = (): readonly Message[] => finalAnswers(readAnswers(talk.text, [one.method, 'GET'], strict, talk.closed));
  const interims = (): readonly Message[] => interimAnswers(readAnswers(talk.text, [one.method, 'GET'], strict, talk.closed));
  await talk.send([one.method === 'GET' ? get('/case') : request(`${one.method} /case HTTP/1.1`)]);
  if ((await talk.until(() => answers().length > 0, patienceMs)) === 'time')
    problems.push(`nothing more came behind ${JSON.stringify(talk.text)}`);
  const [answer] = answers();
  if (expected.kind === 'cut') {
    await talk.until(() => talk.closed, patienceMs);
    if (!talk.closed) problems.push('the connection stayed open');
    // Nothing has gone on where the head and what is wrong with the body came in one piece: then a 502 says it better.
    if (answer && statusOf(answer) !== 502) problems.push(`a whole answer came: ${JSON.stringify(talk.text)}`);
    return problems;
  }
  if (!answer) return [...problems, `no answer: ${JSON.stringify(talk.text)}`];
  if (expected.kind === 'bad') {
    if (statusOf(answer) !== 502 || !answer.body.text.includes('"code":"stamp_bad_answer"'))
      problems.push(`answered ${answer.head.startLine}`);
  } else problems.push(...checkRelayed(answer, expected.answer, world.path === 'links'), ...checkInterims(interims(), expected.answer));
  await turns(settleTurns);
  const usedAgain = await probe(world, talk, answers, problems);
  const shouldBe = expected.kind === 'relayed' && expected.stamp === 'used again';
  if (usedAgain !== shouldBe) problems.push(`the stamp's connection was ${usedAgain ? '' : 'not '}used again`);
  return problems;
};

/** The next request on the client's connection must get its own answer. Returns whether it went over the same one to the stamp. */
const probe = async (world: World, talk: Talk, answers: () => readonly Message[], problems: string[]): Promise<boolean> => {
  await talk.send([get('/probe')]);
  await talk.until(() => answers().length > 1, patienceMs);
  const second = answers()[1];
  if (second?.body.text !== 'seen /probe')
    problems.push(`the next request got ${JSON.stringify(second?.body.text)} behind ${JSON.stringify(talk.text)}`);
  const recorded = world.recorder.since();
  for (const { bytes } of recorded) problems.push(...readAlike(bytes).problems);
  return recorded.some(({ bytes }) => bytes.includes('/case ') && bytes.includes('/probe '));
};

/** Runs one case and returns what was not as expected. */
export const runAnswerCase = async (world: World, one: AnswerCase): Promise<string[]> => {
  world.recorder.mark();
  world.recorder.answerBy(stampAnswers(one));
  const talk = await Talk.open(world.port, world.serverName);
  try {
    return await judge(world, talk, one, (world.path !== 'fast' && one.general) || one.expected);
  } finally {
    talk.destroy();
    world.recorder.answerBy(answerSeen);
  }
};
