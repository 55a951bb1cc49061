import { everyRegion, type Binding } from '@lapidary/contracts/api/tokens';
import { quoted } from '../shell/quoted.js';

/** In days; null: until it is revoked. */
export const everyTerm = [1, 7, 30, 90, 365, null] as const;
/** Long enough that nobody writes it down, short enough that a forgotten one ends. */
export const daysDefault = 90;

interface Wanted {
  readonly name: string;
  readonly bindings: readonly Binding[];
  readonly days: number | null;
  readonly reason: string;
}

/** The command that does the same. */
export const commandOf = ({ name, bindings, days, reason }: Wanted): string =>
  [
    `stampctl tokens create ${name === '' ? '<name>' : name}`,
    ...bindings.map(({ role, region }) => `--role ${region === everyRegion ? role : `${role}@${region}`}`),
    ...(days === null ? [] : [`--valid-for ${days}d`]),
    ...(reason === '' ? [] : [`--reason ${quoted(reason)}`]),
  ].join(' ');
