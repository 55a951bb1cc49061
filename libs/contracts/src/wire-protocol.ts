import { z } from 'zod';

/**
 * What two regions need of each other beside schemas: subjects, users, the order of questions. Grows by one with each change that the
 * version before does not understand; types of events have versions of their own (schemas/type-versions.ts).
 *
 * The hello, `geo.<region>.ack.<peer>`, is the one subject that never changes, since on it regions find out what else they share.
 */
export interface WireProtocol {
  /** The newest that this code speaks. */
  readonly speaks: number;
  /** The oldest that it still understands. At most one below `speaks` is promised: regions are rolled out one version at a time. */
  readonly hears: number;
}

export const WireProtocolSchema = z.object({ speaks: z.number().int().min(0), hears: z.number().int().min(0) });

/** What each number brought, for people. */
export const wireProtocols: Readonly<Record<number, string>> = {
  1: 'one NATS user for all peers, and subjects that do not say who asks: refused by NATS since protocol 2',
  2: 'each region a NATS user of its own, the asker in the subject; says no number',
  3: 'says its number in the hello',
};

export const ownProtocol: WireProtocol = { speaks: 3, hears: 2 };

/** Of a peer whose hello says nothing: the last version that did not. */
export const unsaidProtocol: WireProtocol = { speaks: 2, hears: 2 };

/** The number that both speak, the newest; null: they have none, and exchange nothing until one is rolled out. */
export const agreedProtocol = (own: WireProtocol, theirs: WireProtocol): number | null => {
  const newest = Math.min(own.speaks, theirs.speaks);
  return newest >= Math.max(own.hears, theirs.hears) ? newest : null;
};

export const protocolText = ({ speaks, hears }: WireProtocol): string => (hears === speaks ? `${speaks}` : `${hears} to ${speaks}`);

export const protocolMismatch = (region: string, own: WireProtocol, peer: string, theirs: WireProtocol): string =>
  `Region ${peer} speaks protocol ${protocolText(theirs)}, region ${region} ${protocolText(own)}: roll out ${theirs.speaks < own.speaks ? peer : region}`;
