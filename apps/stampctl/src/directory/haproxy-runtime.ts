import { connect } from 'node:net';
import { AppError } from '@lapidary/kernel/app-error';
import type { MapChanges } from './map-changes.js';

/** The runtime API answers within a turn of HAProxy's loop; a `set map` in a large map of an old version takes tens of milliseconds. */
const answerMsMax = 10_000;
/** HAProxy takes a command of one buffer, 16 kB by default: a payload of many lines must stay below it. */
const payloadBytesMax = 12_000;
/**
 * `set map` and `del map` look through the whole map in versions before 2.9: beyond this many a new version of the map, filled beside
 * and put in place at once, costs less and shows no half of the change.
 */
export const changesOneByOneMax = 100;

/** HAProxy's runtime API on its socket (management guide, "Unix Socket commands"); one command for each connection. */
export class HaproxyRuntime {
  constructor(
    private readonly socketPath: string,
    private readonly map: string,
  ) {}

  /** Another one after each restart or reload; in a container the id alone is the same for ever. */
  async process(): Promise<string> {
    const info = await this.ask('show info');
    const pid = /^Pid: (\d+)/m.exec(info)?.[1];
    if (pid === undefined) throw this.refused('show info', info);
    return `${pid} ${/^Start_time_sec: (\d+)/m.exec(info)?.[1] ?? ''}`;
  }

  /** What the map holds now. */
  async held(): Promise<Map<string, string>> {
    const answer = await this.ask(`show map ${this.map}`);
    const held = new Map<string, string>();
    for (const line of answer.split('\n')) {
      // "0x55d0c8a3e0b0 host word"
      const [, host, word] = line.trim().split(' ');
      if (host !== undefined && word !== undefined) held.set(host, word);
    }
    return held;
  }

  /** Few changes, each in its place. Each is whole by itself: a request meets the old route or the new one. */
  async change({ add, set, remove }: MapChanges): Promise<void> {
    for (const [host, word] of set) await this.act(`set map ${this.map} ${host} ${word}`);
    for (const [host, word] of add) await this.act(`add map ${this.map} ${host} ${word}`);
    for (const host of remove) await this.act(`del map ${this.map} ${host}`);
  }

  /** The whole map anew, in place all at once. Where it breaks off, the old one serves on. */
  async replace(entries: Iterable<readonly [string, string]>): Promise<void> {
    const prepared = await this.ask(`prepare map ${this.map}`);
    const version = /version created: (\d+)/.exec(prepared)?.[1];
    if (version === undefined) throw this.refused('prepare map', prepared);
    let lines = '';
    const send = async (): Promise<void> => {
      if (lines !== '') await this.act(`add map @${version} ${this.map} <<\n${lines}`);
      lines = '';
    };
    for (const [host, word] of entries) {
      if (lines.length + host.length + word.length > payloadBytesMax) await send();
      lines += `${host} ${word}\n`;
    }
    await send();
    await this.act(`commit map @${version} ${this.map}`);
  }

  /** A command that says nothing where it succeeds. */
  private async act(command: string): Promise<void> {
    const answer = await this.ask(command);
    if (answer.trim() !== '') throw this.refused(command.split('\n')[0]!, answer);
  }

  private refused(command: string, answer: string): AppError {
    return new AppError('not_ready', 'HAProxy refused a change of its map', {
      internal: `${command}: ${answer.trim()}`,
      details: { check: answer.trim() },
    });
  }

  private ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const wire = connect(this.socketPath, () => wire.write(`${command}\n`));
      const failed = (cause: Error): void =>
        reject(new AppError('not_ready', `HAProxy does not answer at ${this.socketPath}`, { cause, details: { check: cause.message } }));
      let answer = '';
      wire.setEncoding('utf8').setTimeout(answerMsMax, () => wire.destroy(new Error('it did not answer in time')));
      wire.on('data', (text: string) => (answer += text));
      wire.on('end', () => resolve(answer)).on('error', failed);
    });
  }
}
