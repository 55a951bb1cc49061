import type {
  ConflictView,
  EventDeadLetterDetail,
  EventDeadLetterView,
  GeodeView,
  ReplayResult,
  ConflictCount,
  HeldChangeView,
} from '@lapidary/contracts/api/replication';
import { ago, humanDuration } from './human-time.js';
import { statusColour } from './status-colour.js';
import { renderFacts, renderTable, type Column } from './table.js';
import type { View } from './output.js';

export const deadLettersTable = (letters: readonly EventDeadLetterView[], view: View): string => {
  const columns: Column<EventDeadLetterView>[] = [
    { title: 'DEAD LETTER', cell: (d) => view.colours.bold(d.id) },
    { title: 'PARKED', cell: (d) => ago(d.parkedAt, view.nowMs) },
    { title: 'SUBJECT', cell: (d) => d.subject },
    { title: 'STATE', cell: (d) => statusColour(d.state, view.colours) },
    { title: 'TYPE', cell: (d) => d.type, wide: true },
    { title: 'FROM', cell: (d) => `${d.origin} ${d.epoch}/${d.sequence}`, wide: true },
    { title: 'BY', cell: (d) => d.settledBy ?? '-', wide: true },
    { title: 'ERROR', cell: (d) => firstLine(d.error), wide: true },
  ];
  return renderTable(columns, letters, view.wide);
};

export const deadLetterFacts = (letter: EventDeadLetterDetail, view: View): string =>
  [
    renderFacts([
      ['dead letter', view.colours.bold(letter.id)],
      ['state', statusColour(letter.state, view.colours)],
      ['settled', letter.settledAt ? `${ago(letter.settledAt, view.nowMs)} by ${letter.settledBy ?? 'nobody'}` : null],
      ['parked', `${ago(letter.parkedAt, view.nowMs)} in ${letter.region}`],
      ['event', `${letter.type} from ${letter.origin}, epoch ${letter.epoch}, sequence ${letter.sequence}`],
      ['subject', letter.subject],
      ['error', view.colours.red(letter.error)],
    ]),
    '',
    JSON.stringify(letter.event, null, 2),
  ].join('\n');

export const replaysTable = (results: readonly ReplayResult[], view: View): string => {
  const columns: Column<ReplayResult>[] = [
    { title: 'DEAD LETTER', cell: (r) => view.colours.bold(r.deadLetter.id) },
    { title: 'OUTCOME', cell: (r) => `${statusColour(r.outcome, view.colours)}${r.dryRun ? ' (dry run)' : ''}` },
    { title: 'SUBJECT', cell: (r) => r.deadLetter.subject },
    { title: 'ERROR', cell: (r) => firstLine(r.error ?? '-'), wide: true },
  ];
  return renderTable(columns, results, view.wide);
};

export const conflictsTable = (conflicts: readonly ConflictView[], view: View): string => {
  const columns: Column<ConflictView>[] = [
    { title: 'CONFLICT', cell: (c) => view.colours.bold(c.id) },
    { title: 'FOUND', cell: (c) => ago(c.detectedAt, view.nowMs) },
    { title: 'SUBJECT', cell: (c) => c.subject },
    { title: 'POLICY', cell: (c) => c.policy, wide: true },
    { title: 'CAUSE', cell: (c) => c.cause, wide: true },
  ];
  return renderTable(columns, conflicts, view.wide);
};

export const conflictCountsTable = (counts: readonly ConflictCount[], view: View): string => {
  const columns: Column<ConflictCount>[] = [
    { title: 'COLLECTION', cell: (c) => view.colours.bold(c.collection ?? '(names)') },
    { title: 'CONFLICTS', cell: (c) => String(c.conflicts), align: 'right' },
    { title: 'OF', cell: (c) => String(c.subjects), align: 'right' },
    { title: 'LAST 24 H', cell: (c) => String(c.today), align: 'right' },
    { title: 'LATEST', cell: (c) => ago(c.latest, view.nowMs) },
  ];
  return renderTable(columns, counts, view.wide);
};

export const heldTable = (held: readonly HeldChangeView[], view: View): string => {
  const columns: Column<HeldChangeView>[] = [
    { title: 'EVENT', cell: (h) => view.colours.bold(h.event) },
    { title: 'FROM', cell: (h) => h.origin },
    { title: 'SUBJECT', cell: (h) => h.subject },
    { title: 'HELD', cell: (h) => ago(h.heldAt, view.nowMs) },
    { title: 'DUE', cell: (h) => h.dueAt },
  ];
  return renderTable(columns, held, view.wide);
};

/** Median and 99th percentile of the last quarter of an hour; what nobody has told is a dash. */
const convergenceText = (c: GeodeView['peers'][number]['convergence']): string =>
  c === undefined || c.p50Ms === null || c.p99Ms === null ? '-' : `${humanDuration(c.p50Ms)}/${humanDuration(c.p99Ms)}`;

export const conflictFacts = (conflict: ConflictView, view: View): string =>
  renderFacts([
    ['conflict', view.colours.bold(conflict.id)],
    ['subject', conflict.subject],
    ['found', ago(conflict.detectedAt, view.nowMs)],
    ['cause', conflict.cause],
    ['decided by', conflict.policy],
    ['won', JSON.stringify(conflict.winner)],
    ['lost', view.colours.yellow(JSON.stringify(conflict.loser))],
  ]);

export const geodeText = (geode: GeodeView, view: View): string => {
  const { outbox, inbox, intents } = geode;
  const alone = geode.autonomousSince;
  const age = outbox.waiting > 0 ? `, the oldest for ${humanDuration(outbox.oldestSeconds * 1_000)}` : '';
  const facts = renderFacts([
    ['geode', view.colours.bold(geode.region)],
    ['alone', alone === null ? 'no' : view.colours.yellow(`since ${ago(alone, view.nowMs)}: no other region is heard`)],
    ['given up', selfGivenUpText(geode, view)],
    ['fenced', recoveryText(geode.recovery, view)],
    [
      'held tokens',
      (geode.heldTokens ?? []).length > 0
        ? view.colours.yellow(`${geode.heldTokens!.join(', ')}: they may have been revoked since the backup`)
        : null,
    ],
    ['events', `${geode.sequence} told, ${outbox.waiting} not yet published${age}; ${outbox.kept} kept for peers`],
    ...(geode.publishing ?? []).map(({ what, since, because }): [string, string] => [
      `no ${what}`,
      view.colours.red(`published since ${ago(since, view.nowMs)}: ${because}`),
    ]),
    ['signing', signingText(geode, view)],
    ...(geode.keysRefused ?? []).map(({ file, since, because }): [string, string] => [
      file === 'signing' ? 'own keys' : 'peer keys',
      view.colours.red(`not taken since ${ago(since, view.nowMs)}, those before hold: ${because}`),
    ]),
    ['to take in', inbox === undefined ? null : `${inbox.behind} events of peers, ${inbox.held} held until their time`],
    ['intents', intents === undefined ? null : intentsText(intents)],
    ['dead letters', geode.deadLetters > 0 ? view.colours.red(String(geode.deadLetters)) : '0'],
    ['conflicts', geode.conflicts],
    ['documents', `${geode.digest.documents}, digest ${geode.digest.root}`],
  ]);
  const columns: Column<GeodeView['peers'][number]>[] = [
    { title: 'PEER', cell: (p) => view.colours.bold(p.region) },
    {
      title: 'LINK',
      cell: (p) =>
        p.setBackSince
          ? view.colours.red(`restored from a backup, noticed ${ago(p.setBackSince, view.nowMs)}`)
          : `${statusColour(p.link, view.colours)}${p.cutSince === null ? '' : ` ${ago(p.cutSince, view.nowMs)}`}`,
    },
    { title: 'APPLIED', cell: (p) => String(p.appliedSequence), align: 'right' },
    { title: 'BEHIND', cell: (p) => String(p.behind), align: 'right' },
    { title: 'OWED', cell: (p) => (p.owed === null ? '-' : String(p.owed)), align: 'right' },
    { title: 'INTENTS', cell: (p) => String(p.intents ?? 0), align: 'right', wide: true },
    { title: 'DIGEST', cell: (p) => (p.digest === 'differs' ? `differs, agreed ${ago(p.agreedAt, view.nowMs)}` : p.digest) },
    { title: 'P50/P99', cell: (p) => convergenceText(p.convergence) },
    { title: 'HELD', cell: (p) => String(p.held ?? 0), align: 'right', wide: true },
    { title: 'LAST EVENT', cell: (p) => ago(p.lastEventAt, view.nowMs) },
    { title: 'ANSWERED', cell: (p) => ago(p.confirmedAt, view.nowMs), wide: true },
    { title: 'SIGNED', cell: (p) => signedText(p.signatures, view) },
    { title: 'KEYS', cell: (p) => p.signatures?.keys?.join(', ') ?? '-', wide: true },
    { title: 'PROTOCOL', cell: (p) => protocolText(p.protocol) },
    { title: 'EPOCH', cell: (p) => String(p.epoch), align: 'right', wide: true },
  ];
  if (geode.peers.length === 0) return facts;
  const why = geode.peers.flatMap(({ region, cutBecause }) => (cutBecause ? [`${region}: ${view.colours.yellow(cutBecause)}`] : []));
  return [facts, '', renderTable(columns, geode.peers, view.wide), ...(why.length > 0 ? ['', ...why] : [])].join('\n');
};

/** Of the region that answers, which the others take for lost. */
const selfGivenUpText = ({ givenUp }: GeodeView, view: View): string | null =>
  givenUp
    ? view.colours.red(
        `${ago(givenUp.at, view.nowMs)} by ${givenUp.by} in ${givenUp.declaredIn}: it writes nothing, and nobody believes it; ${givenUp.successor} has its tenants. Stop it; a region in its place takes another name`,
      )
    : null;

/** With which key; null where the version that answered does not say. */
const signingText = ({ signing, signsWith }: GeodeView, view: View): string | null => {
  if (signing === false) return view.colours.yellow('no: who has a password of its NATS can speak in its name');
  return signsWith ? `with ${signsWith}` : null;
};

/** Whether what comes in the peer’s name has to be signed, and whether something was not. */
const signedText = (signatures: GeodeView['peers'][number]['signatures'], view: View): string => {
  const [last] = signatures?.refused ?? [];
  if (last) return view.colours.red(`refused ${ago(last.lastAt, view.nowMs)}: ${last.what}, ${last.why}`);
  return signatures === undefined ? '-' : signatures.required ? 'yes' : view.colours.yellow('no');
};

/** The number that both speak; else what the peer speaks, which this region does not understand. */
const protocolText = (protocol: GeodeView['peers'][number]['protocol']): string => {
  if (!protocol) return '-';
  return protocol.agreed === null ? `none (theirs: ${protocol.hears} to ${protocol.speaks})` : String(protocol.agreed);
};

/** What a restored region does not do, and why; null where there is nothing to say. */
const recoveryText = (recovery: GeodeView['recovery'], view: View): string | null => {
  if (!recovery) return null;
  const { state, fenced, since, backupAt, evidence, waitsFor, without } = recovery;
  const head = `${state} since ${ago(since, view.nowMs)}: ${fenced ? 'writes nothing, its database was restored' : `spends no rights of counters until ${without.join(', ')} is heard`}`;
  return [
    view.colours.red(head),
    ...(backupAt === null ? [] : [`the database remembers what was until ${backupAt}`]),
    ...evidence,
    ...waitsFor.map(({ region, why }) => `waits for ${region}${why === null ? '' : ` (${why})`}`),
  ].join('; ');
};

const intentsText = ({ open, oldestSeconds }: NonNullable<GeodeView['intents']>): string =>
  open === 0 ? '0' : `${open} wait for other regions, the oldest for ${humanDuration(oldestSeconds * 1_000)}`;

const firstLine = (text: string): string => text.split('\n', 1)[0]!;
