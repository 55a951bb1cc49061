import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { rightsOf, valueOfCounter } from '@lapidary/replication/merge/counter';
import { documentItself } from '@lapidary/replication/merge/lww';
import { resolveRegister } from '@lapidary/replication/merge/resolve';
import { addRoots, emptyRoot, type Root } from '@lapidary/replication/digest/bucket-table';
import { elementOf, type Element } from '@lapidary/replication/digest/element';
import { fleetRoot } from '@lapidary/replication/digest/fleet-root';
import { defaultPolicy } from '@lapidary/replication/collections/definitions';
import { lossesOf } from '@lapidary/replication/collections/document-state';
import { ledgerEntries } from '@lapidary/replication/collections/ledger-entries';
import { keyText } from '@lapidary/replication/collections/collection-store';
import { policyOf } from './memory-policy.ts';
import { domainOf, type MemoryDatabase } from './memory-collections.ts';
import { sameValue, type Oracle } from './oracle.ts';
import { guest, mayHold } from './residency.ts';

/** What is wrong, by checker; a world without entries is a good one. */
export type Finding = `${Checker}: ${string}`;
export type Checker =
  | 'residency'
  | 'state'
  | 'ledger-missing'
  | 'ledger-false'
  | 'lost-write'
  | 'counter'
  | 'below-zero'
  | 'entry'
  | 'nested'
  | 'late'
  | 'order'
  | 'place'
  | 'stuck'
  | 'given-up'
  | 'digest';

/** At any moment, in any region: I3, C2 and C3, R1 and R2. `home` decides where the guest's documents may be. */
export const checkAlways = (region: string, database: MemoryDatabase, home: Pick<MemoryDatabase, 'residency'>): Finding[] => {
  const findings: Finding[] = [];
  if (!mayHold(home, region) && [...database.documents.values()].some(({ key }) => key.tenant === guest))
    findings.push(`residency: ${region} holds documents of ${guest}`);
  for (const { key, stored } of database.documents.values()) {
    const { state } = stored;
    if (state.kind === 'counter') {
      if (valueOfCounter(state) < 0) findings.push(`below-zero: ${region} ${keyText(key)} is ${valueOfCounter(state)}`);
      for (const [holder, rights] of Object.entries(rightsOf(state)))
        if (rights < 0) findings.push(`below-zero: ${region} ${keyText(key)} rights of ${holder}`);
    }
    if (state.kind !== 'lww') continue;
    for (const [field, { siblings, seen }] of Object.entries(state.fields)) {
      const regions = siblings.map((s) => s.at.slice(19));
      const isGood = siblings.every((s) => (seen[s.at.slice(19)] ?? '') >= s.at) && new Set(regions).size === regions.length;
      if (!isGood) findings.push(`order: ${region} ${keyText(key)} ${field} breaks R1 or R2`);
    }
  }
  return findings;
};

const isOfGuest = (text: string): boolean => text.includes(`/${guest}/`);

const publicState = (database: MemoryDatabase, withGuest: boolean, withGraves: boolean): Record<string, unknown> => ({
  definitions: [...database.definitions].sort(([a], [b]) => (a < b ? -1 : 1)),
  documents: [...database.documents.values()]
    .filter(({ key }) => withGuest || key.tenant !== guest)
    .map((d) => [keyText(d.key), d.facts.digest, d.facts.exists, d.facts.conflicts])
    .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)),
  purged: [...database.graves.values()]
    .filter(({ key }) => withGraves && (withGuest || key.tenant !== guest))
    .map(({ key, grave }) => [keyText(key), grave.seen])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
});

/**
 * After quiet, when everybody has heard everything. `isRestored`: some database was set back. What it had purged itself is not told to it again; then
 * the others have graves that it lacks, and all have the same documents.
 */
export const checkQuiet = (regions: ReadonlyMap<string, MemoryDatabase>, oracle: Oracle, isRestored: boolean): Finding[] => {
  const findings: Finding[] = [];
  const [first, ...others] = [...regions];
  for (const withGuest of [false, true]) {
    const [one, ...rest] = [first!, ...others].filter(([name, database]) => !withGuest || mayHold(database, name));
    const text = canonicalJson(publicState(one![1], withGuest, !isRestored));
    for (const [name, database] of rest)
      if (canonicalJson(publicState(database, withGuest, !isRestored)) !== text) findings.push(`state: ${one![0]} and ${name} differ`);
  }
  // What a restored region wrote in a history that had ended is told anew, or in its ledger at least (late-writes.ts).
  const lost = [...regions.values()]
    .flatMap((database) => [...database.conflicts.values()])
    .flatMap((e) => (e.collection === 'document' && e.field === documentItself ? [JSON.stringify(e.loser.value)] : []));
  for (const [name, database] of regions)
    findings.push(...checkFields(name, database, oracle), ...checkCounted(name, database, oracle, lost), ...checkNested(name, database));
  findings.push(...checkDigests(regions));
  return findings;
};

const checkFields = (region: string, database: MemoryDatabase, oracle: Oracle): Finding[] => {
  const findings: Finding[] = [];
  const lost = new Set(
    [...database.conflicts.values()].map((e) => `lww document/${e.collection}/${e.tenant}/${e.document} ${e.field} ${e.loser.at}`),
  );
  for (const [name, write] of oracle.writes) {
    if (oracle.replaced.has(name) || (isOfGuest(write.key) && !mayHold(database, region))) continue;
    const row = database.documents.get(write.key);
    const register = row?.stored.state.kind === 'lww' ? row.stored.state.fields[write.field] : undefined;
    // Of what was purged, removals are gone for good; a value that a delete had won against is in the ledger.
    const grave = database.graves.get(write.key)?.grave;
    if (grave && !register?.siblings.some((s) => s.at === write.at) && (grave.seen[write.at.slice(19)] ?? '') >= write.at) {
      if (write.value !== undefined && !lost.has(name)) findings.push(`ledger-missing: ${region} ${name}`);
      continue;
    }
    // Of what was dropped, removals are gone for good, and never a value.
    const dropped = row?.stored.state.kind === 'lww' ? row.stored.state.dropped : undefined;
    if (write.value === undefined && (dropped?.[write.at.slice(19)] ?? '') >= write.at) continue;
    if (!register?.siblings.some((s) => s.at === write.at)) {
      findings.push(`lost-write: ${region} ${name}`);
      continue;
    }
    const { winner } = resolveRegister(register, policyOf(database, row!.key, write.field));
    const isShown = sameValue(winner?.value, write.value) && (row!.facts.exists || write.value === undefined);
    if (!isShown && !lost.has(name)) findings.push(`ledger-missing: ${region} ${name}`);
  }
  for (const entry of database.conflicts.values()) {
    const key = `lww document/${entry.collection}/${entry.tenant}/${entry.document}`;
    if (entry.field === documentItself || !oracle.writes.has(`${key} ${entry.field} ${entry.loser.at}`)) continue;
    if (oracle.saw(key, entry.field, entry.winner.at, entry.loser.at))
      findings.push(`ledger-false: ${region} ${entry.field} ${entry.loser.at}`);
  }
  return findings;
};

const checkCounted = (region: string, database: MemoryDatabase, oracle: Oracle, lost: readonly (string | undefined)[]): Finding[] => {
  const findings: Finding[] = [];
  const stateOf = (key: string) => database.documents.get(key)?.stored.state;
  // Of boxes that two regions made in one place Automerge shows one, and nothing of one that was taken away: what was put in is in the ledger here.
  const unshown = [...database.conflicts.values()].flatMap((e) => (e.collection === 'document' ? [JSON.stringify(e.loser.value)] : []));
  for (const [key, { expected }] of oracle.lives.numbers()) {
    const state = stateOf(key);
    const value = state?.kind === 'counter' ? valueOfCounter(state) : 0;
    if (value !== expected) findings.push(`counter: ${region} ${key} is ${value}, not ${expected}`);
  }
  for (const [key, digests] of oracle.entries) {
    const state = stateOf(key);
    const held = new Set(state?.kind === 'append' ? state.variants.map((v) => v.digest) : []);
    if ([...digests].some((d) => !held.has(d))) findings.push(`entry: ${region} ${key} misses a body`);
  }
  for (const [key, words] of oracle.lives.kept()) {
    const state = stateOf(key);
    const text = state?.kind === 'document' ? JSON.stringify(state.value) : '';
    for (const word of words)
      if (![text, ...lost, ...unshown].some((t) => t?.includes(`"${word}"`) === true))
        findings.push(`nested: ${region} ${key} misses ${word}`);
  }
  return findings;
};

/** What lost in a nested document and is still in it stands in the ledger as it is now: others may have written into it after it lost. */
const checkNested = (region: string, { documents, conflicts }: MemoryDatabase): Finding[] => {
  const policy = defaultPolicy('document');
  return [...documents.values()]
    .filter(({ key }) => key.kind === 'document')
    .flatMap(({ key, stored }) => ledgerEntries(key, policy, [], lossesOf(stored.state, policy)))
    .filter(({ id, loser }) => JSON.stringify(conflicts.get(id)?.loser.value) !== JSON.stringify(loser.value))
    .map((e): Finding => `ledger-missing: ${region} ${e.document} ${e.field} ${e.loser.at} as it is`);
};

/** Losers that some region knew of when it replaced them: in every region's ledger. */
export const checkSettled = (regions: ReadonlyMap<string, MemoryDatabase>): Finding[] => {
  const settled = new Set<string>();
  for (const database of regions.values()) {
    for (const event of database.outbox) {
      for (const loss of (event.data as { settled?: { field: string; loser: { at: string } }[] }).settled ?? [])
        settled.add(`${event.subject} ${loss.field} ${loss.loser.at}`);
    }
  }
  return [...regions].flatMap(([name, database]) => {
    const have = new Set(
      [...database.conflicts.values()].map((e) => `document/${e.collection}/${e.tenant}/${e.document} ${e.field} ${e.loser.at}`),
    );
    const wanted = [...settled].filter((s) => !isOfGuest(s) || mayHold(database, name));
    return wanted.filter((s) => !have.has(s)).map((s): Finding => `ledger-missing: ${name} ${s}`);
  });
};

const rootOf = ({ high, low }: Element): Root => ({ rows: 1, sum: (BigInt(high) << 32n) | BigInt(low) });
const without = ({ rows, sum }: Root): Root => ({ rows: -rows, sum: -sum });

/** What each region's digests say, kept write by write, against its rows and against the other regions. */
const checkDigests = (regions: ReadonlyMap<string, MemoryDatabase>): Finding[] => {
  const rootsOf = (list: readonly { readonly domain: string; readonly root: Root }[]): string => {
    const sums = new Map<string, Root>();
    for (const { domain, root } of list) sums.set(domain, addRoots(sums.get(domain) ?? emptyRoot, root));
    return fleetRoot([...sums].map(([domain, root]) => ({ collection: domain, kind: '', audience: '', root })));
  };
  const kept = [...regions].map(([region, database]) => {
    const changes = database.digestChanges.flatMap(({ domain, removed, added }) => [
      ...(removed ? [{ domain, root: without(rootOf(removed)) }] : []),
      ...(added ? [{ domain, root: rootOf(added) }] : []),
    ]);
    const rows = [...database.documents.values()].map(({ key, facts }) => ({
      domain: domainOf(key),
      root: rootOf(elementOf(key.tenant, key.id, facts.digest)),
    }));
    const shared = changes.filter(({ domain }) => !domain.endsWith(guest));
    return { region, mayHold: mayHold(database, region), kept: rootsOf(changes), rows: rootsOf(rows), shared: rootsOf(shared) };
  });
  const differing = (of: typeof kept, which: 'kept' | 'shared'): Finding[] =>
    of.slice(1).flatMap((k): Finding[] => (k[which] === of[0]![which] ? [] : [`digest: ${of[0]!.region} and ${k.region} differ`]));
  return [
    ...kept.filter((k) => k.kept !== k.rows).map((k): Finding => `digest: of ${k.region} is not that of its rows`),
    ...differing(kept, 'shared'),
    ...differing(
      kept.filter((k) => k.mayHold),
      'kept',
    ),
  ];
};
