import { isIPv4, isIPv6 } from 'node:net';
import type { Answer, RecordType } from 'dns-packet';
import { fixedTtlSeconds, negativeTtlSeconds, nodeAt, type Node } from './nodes.js';
import type { DnsWorld, Zone } from './zone.js';

export interface Question {
  /** As asked: some resolvers mix letter cases at random and compare the echo. */
  readonly name: string;
  /** A mnemonic, or UNKNOWN_<number>. */
  readonly type: string;
  readonly class: string;
}

export type ReplyCode = 'NOERROR' | 'NXDOMAIN' | 'REFUSED' | 'SERVFAIL';

export interface Reply {
  readonly code: ReplyCode;
  readonly authoritative: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  readonly additionals: readonly Answer[];
}

/** Secondaries are not served (no transfers), so that the timers only have to be plausible. */
const soaTimers = { refresh: 3600, retry: 600, expire: 604_800, minimum: negativeTtlSeconds };
/** Serials are 32 bits wide and compared on a circle (RFC 1982). */
const serialModulus = 2 ** 32;

const soaOf = (apex: string, { directory, zone }: DnsWorld, ttl: number): Answer => ({
  type: 'SOA',
  name: apex,
  ttl,
  data: { mname: zone.nameServers[0]!, rname: `hostmaster.${zone.baseDomain}`, serial: directory.cursor % serialModulus, ...soaTimers },
});

const addressRecords = (name: string, ttl: number, addresses: readonly string[], type: 'A' | 'AAAA'): Answer[] =>
  addresses.filter(type === 'A' ? isIPv4 : isIPv6).map((data) => ({ type, name, ttl, data }));

const nameServerRecords = (name: string, zone: Zone): Answer[] =>
  zone.nameServers.map((data) => ({ type: 'NS', name, ttl: fixedTtlSeconds, data }));

/** Addresses of those name servers that are names of ours: without them the delegation leads in a circle. */
const glue = (zone: Zone): Answer[] =>
  zone.nameServers
    .filter((name) => name.endsWith(`.${zone.baseDomain}`))
    .flatMap((name) => (['A', 'AAAA'] as const).flatMap((type) => addressRecords(name, fixedTtlSeconds, zone.addresses, type)));

/** ANY is how small questions become large answers: answered with one small record (RFC 8482 §4.2). */
const anyRecord = (name: string, ttl: number): Answer => ({ type: 'HINFO', name, ttl, data: { cpu: 'RFC8482', os: '' } });

const recordsOf = (node: Extract<Node, { kind: 'host' }>, { name, type }: Question, world: DnsWorld): Answer[] => {
  const { apex, target, ttlSeconds } = node;
  if (target.kind === 'name') return [{ type: 'CNAME', name, ttl: ttlSeconds, data: target.name }];
  const isApex = name.toLowerCase() === apex;
  switch (type as RecordType | 'ANY') {
    case 'A':
    case 'AAAA':
      return addressRecords(name, ttlSeconds, target.addresses, type as 'A' | 'AAAA');
    case 'NS':
      return isApex ? nameServerRecords(name, world.zone) : [];
    case 'SOA':
      return isApex ? [soaOf(name, world, fixedTtlSeconds)] : [];
    case 'ANY':
      return [anyRecord(name, ttlSeconds)];
    default:
      return [];
  }
};

/**
 * The answer to one question, by what the directory says now. Authoritative for the base domain, and for each custom host that a
 * tenant holds; refuses all else, and never asks anybody (no recursion). Pure.
 */
export const answerQuestion = (question: Question, world: DnsWorld): Reply => {
  const { directory, zone } = world;
  const reply = (code: ReplyCode, records: Partial<Reply> = {}): Reply => ({
    code,
    authoritative: code === 'NOERROR' || code === 'NXDOMAIN',
    answers: [],
    authorities: [],
    additionals: [],
    ...records,
  });
  // Transfers would hand out the list of tenants.
  if (question.class !== 'IN' || question.type === 'AXFR' || question.type === 'IXFR') return reply('REFUSED');
  if (!directory.isLoaded) return reply('SERVFAIL');
  const node = nodeAt(question.name.toLowerCase(), world);
  if (node.kind === 'outside') return reply('REFUSED');
  const soa = [soaOf(node.apex, world, negativeTtlSeconds)];
  // A name that is newer than the copy would be kept by resolvers as one that does not exist.
  if (node.kind === 'nothing' && directory.mayLack) return reply('SERVFAIL');
  // RFC 8020: "there is no such name" is said of all names below it, too.
  if (node.kind === 'nothing' && node.isBare) return reply('NXDOMAIN', { authorities: soa });
  const answers = node.kind === 'host' ? recordsOf(node, question, world) : [];
  if (answers.length === 0) return reply('NOERROR', { authorities: soa });
  return reply('NOERROR', { answers, additionals: question.type === 'NS' ? glue(zone) : [] });
};
