import { get, plain, type Connection, type Expected, type Forwarded, type RequestCase } from '../corpus/case.ts';
import { strict } from '../wire/habits.ts';
import { finalAnswers, readAnswers, statusOf, type Message } from '../wire/read-messages.ts';
import type { Recorder } from '../wire/recorder.ts';
import { Talk, turns } from '../wire/talk.ts';
import { checkNothingWhole, checkUpstream } from './check-upstream.ts';

export interface World {
  /** The router's traffic port. */
  readonly port: number;
  readonly recorder: Recorder;
  /** `links`: the fast one, and a stamp's own front door behind links. */
  readonly path: 'general' | 'fast' | 'links';
  /** The port speaks TLS; asked for by this name. */
  readonly serverName?: string;
}

/** What takes a millisecond; a loaded machine is slow. */
export const patienceMs = 4_000;
/** Bytes that would still be on their way to the stamp when the client has its answer: both ends share this event loop. */
export const settleTurns = 4;

const smuggled = get('/smuggled');
const probe = get('/probe');
const probeForwarded = plain('GET /probe HTTP/1.1');

const pathOfLine = (line: string): string => line.split(' ')[1]!;
const methodOfLine = (line: string): string => line.split(' ')[0]!;

const checkAnswer = (answer: Message | undefined, to: Forwarded): string[] => {
  if (!answer) return [`no answer to ${to.line}`];
  const body = methodOfLine(to.line) === 'HEAD' ? '' : `seen ${pathOfLine(to.line)}`;
  return statusOf(answer) === 200 && answer.body.text === body
    ? []
    : [`${to.line} was answered with ${answer.head.startLine} ${JSON.stringify(answer.body.text)}`];
};

const closes = (answer: Message): boolean =>
  answer.head.headers.some(([name, value]) => name.toLowerCase() === 'connection' && /\bclose\b/i.test(value));

/** Everything that one case shows, judged while it runs; the parts are the case's bytes, cut somewhere or nowhere. */
class Run {
  readonly problems: string[] = [];
  private readonly world: World;
  private readonly talk: Talk;
  private readonly parts: readonly string[];

  /** What the stamp has to hear of the client's connection. */
  private readonly proto: 'http' | 'https';

  constructor(world: World, talk: Talk, parts: readonly string[]) {
    this.proto = world.serverName === undefined ? 'http' : 'https';
    this.world = world;
    this.talk = talk;
    this.parts = parts;
  }

  async judge(expected: Expected): Promise<void> {
    switch (expected.kind) {
      case 'refused':
      case 'cut':
        return this.refusal(expected.kind, expected.statuses);
      case 'answered':
        await this.send(expected.connection === 'closed');
        await this.until(() => this.answers([]).length > 0);
        this.statuses(expected.statuses, []);
        return this.after(expected.connection, []);
      case 'forwarded':
        return this.forwarded(expected.messages, expected.connection);
      case 'unfinished':
        await this.talk.send(this.parts);
        this.talk.finish();
        await this.close();
        this.problems.push(...checkNothingWhole(this.world.recorder.since()));
        for (const answer of this.answers([])) if (statusOf(answer) < 400) this.problems.push(`answered ${answer.head.startLine}`);
    }
  }

  private async send(withSmuggled: boolean): Promise<void> {
    const last = this.parts.length - 1;
    await this.talk.send(withSmuggled ? this.parts.map((part, i) => (i === last ? part + smuggled : part)) : this.parts);
  }

  private answers(methods: readonly string[]): readonly Message[] {
    return finalAnswers(readAnswers(this.talk.text, methods, strict, this.talk.closed));
  }

  private async until(check: () => boolean): Promise<void> {
    if ((await this.talk.until(check, patienceMs)) === 'time')
      this.problems.push(`nothing more came behind ${JSON.stringify(this.talk.text)}`);
  }

  private async close(): Promise<void> {
    if ((await this.talk.until(() => this.talk.closed, patienceMs)) === 'time') this.problems.push('the connection stayed open');
    await turns(settleTurns);
  }

  private statuses(allowed: readonly number[], methods: readonly string[]): void {
    const statuses = this.answers(methods).map(statusOf);
    if (statuses.length !== 1 || !allowed.includes(statuses[0]!))
      this.problems.push(`answered [${statuses}] instead of ${allowed.join(' or ')}`);
  }

  private async refusal(kind: 'refused' | 'cut', allowed: readonly number[]): Promise<void> {
    await this.send(true);
    await this.close();
    const recorded = this.world.recorder.since();
    if (kind === 'refused') {
      this.statuses(allowed, []);
      if (this.answers([]).some((answer) => !closes(answer))) this.problems.push('the answer does not say that the connection closes');
      if (recorded.length > 0) this.problems.push(`reached the stamp: ${JSON.stringify(recorded)}`);
      return;
    }
    const statuses = this.answers([]).map(statusOf);
    // Cut without a word where an answer had begun, or was no longer possible.
    if (statuses.length > 1 || statuses.some((s) => !allowed.includes(s))) this.problems.push(`answered [${statuses}]`);
    this.problems.push(...checkNothingWhole(recorded));
  }

  private async forwarded(messages: readonly Forwarded[], connection: Connection): Promise<void> {
    const methods = messages.map((m) => methodOfLine(m.line));
    await this.send(connection === 'closed');
    if (connection === 'half-closed') this.talk.finish();
    if (connection === 'poisoned') return this.poisoned(messages, methods);
    await this.until(() => this.answers(methods).length >= messages.length);
    const interim = readAnswers(this.talk.text, methods, strict, this.talk.closed).messages.length - this.answers(methods).length;
    // RFC 9110 §15.2: HTTP/1.0 has none.
    if (interim > 0 && this.parts.join('').includes(' HTTP/1.0\r\n')) this.problems.push(`${interim} interim answers`);
    for (const [i, message] of messages.entries()) this.problems.push(...checkAnswer(this.answers(methods)[i], message));
    await this.after(connection, messages);
  }

  /** The message itself is good and may have its answer; what stands behind it ends the connection. */
  private async poisoned(messages: readonly Forwarded[], methods: readonly string[]): Promise<void> {
    await this.close();
    const statuses = this.answers(methods).map(statusOf);
    const allowed = /^(200 ?)*(4\d\d)?$/;
    if (!allowed.test(statuses.join(' ')) || statuses.length > messages.length + 1) this.problems.push(`answered [${statuses}]`);
    const recorded = this.world.recorder.since();
    if (recorded.length > 0) this.problems.push(...checkUpstream(recorded, this.proto, messages));
  }

  private async after(connection: Exclude<Connection, 'poisoned'>, messages: readonly Forwarded[]): Promise<void> {
    const methods = messages.map((m) => methodOfLine(m.line));
    if (connection !== 'kept') {
      await this.close();
      const count = this.answers(methods).length;
      if (messages.length > 0 && count !== messages.length) this.problems.push(`${count} answers to ${messages.length} requests`);
      return void this.problems.push(...checkUpstream(this.world.recorder.since(), this.proto, messages));
    }
    const before = this.answers(methods).length;
    await this.talk.send([probe]);
    await this.until(() => this.answers(methods).length > before);
    this.problems.push(...checkAnswer(this.answers(methods)[before], probeForwarded));
    if (this.talk.closed) this.problems.push('the connection was closed');
    this.problems.push(...checkUpstream(this.world.recorder.since(), this.proto, [...messages, probeForwarded]));
  }
}

/** Runs one case and returns what was not as expected. */
export const runRequestCase = async (
  world: World,
  { bytes, expected, general, links }: RequestCase,
  parts: readonly string[] = [bytes],
): Promise<string[]> => {
  const late = world.recorder.mark();
  const talk = await Talk.open(world.port, world.serverName);
  const run = new Run(world, talk, parts);
  if (late !== '') run.problems.push(`an earlier case still reached the stamp: ${JSON.stringify(late)}`);
  try {
    await run.judge({ fast: expected, general: general ?? expected, links: links ?? expected }[world.path]);
  } finally {
    talk.destroy();
  }
  return run.problems;
};
