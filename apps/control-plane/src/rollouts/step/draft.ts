import { nextState } from '@lapidary/kernel/transition-table';
import type { MemberState, RolloutLine, RolloutState, WaveState } from '../rollout-state.js';
import {
  doneWaveStatuses,
  memberTable,
  rolloutTable,
  waveTable,
  type MemberEventName,
  type RolloutEventName,
  type WaveEventName,
} from '../rollout-states.js';

/** A copy of a roll-out that is being moved on, and what is to be said of it. Every move goes by the tables. */
export class Draft {
  readonly state: RolloutState;
  readonly lines: RolloutLine[] = [];

  constructor(
    before: RolloutState,
    readonly nowMs: number,
  ) {
    this.state = structuredClone(before);
  }

  say(level: RolloutLine['level'], message: string, about: { wave?: WaveState; member?: MemberState } = {}): void {
    const wave = about.wave ?? (about.member ? this.waveOf(about.member) : undefined);
    this.lines.push({ level, wave: wave?.name ?? null, stamp: about.member?.stamp ?? null, message });
  }

  moveRollout(event: RolloutEventName, reason: string | null): void {
    this.state.status = nextState(rolloutTable, this.state.status, event);
    this.state.statusReason = reason;
  }

  moveWave(wave: WaveState, event: WaveEventName): void {
    wave.status = nextState(waveTable, wave.status, event);
    if (event === 'start') wave.startedAtMs = this.nowMs;
    if (event === 'soak') wave.soakingSinceMs = this.nowMs;
    if (doneWaveStatuses.includes(wave.status)) wave.finishedAtMs = this.nowMs;
  }

  moveMember(member: MemberState, event: MemberEventName, message: string | null): void {
    member.status = nextState(memberTable, member.status, event);
    member.message = message;
  }

  /** Asks the stamp's region for something: under a number of its own, so that asking twice is asking once (I8). */
  ask(member: MemberState, event: 'begin' | 'revert' | 'again', message: string | null): void {
    this.moveMember(member, event, message);
    member.attempt += 1;
    member.job = null;
    member.held = true;
    member.unhealthySinceMs = member.failingSinceMs = null;
  }

  /** Takes a stamp back to what it had; its region says where it can't, as where an earlier template is not kept. */
  revert(member: MemberState, why: string): void {
    this.ask(member, 'revert', why);
    this.say('warning', `being taken back to ${member.fromVersion ?? this.state.base}: ${why}`, { member });
  }

  waveOf(member: MemberState): WaveState {
    return this.state.waves.find((w) => w.position === member.wave)!;
  }

  membersOf(wave: WaveState): MemberState[] {
    return this.state.members.filter((m) => m.wave === wave.position);
  }

  /** The wave whose turn it is: the first that is not over. */
  get current(): WaveState | undefined {
    return this.state.waves.find((w) => !doneWaveStatuses.includes(w.status));
  }
}
