/** A history by which a rule is evaluated: a value a minute, in Prometheus' own short form ("0 1x20": 0, then 1 for 21 minutes), from time 0 on. */
export interface AlertCase {
  readonly name: string;
  /** By series, without its instance: that is "r1" everywhere. */
  readonly series: Readonly<Record<string, string>>;
  readonly atMinutes: number;
  /** What it says then; null: nothing. */
  readonly fires: { readonly labels?: Readonly<Record<string, string>>; readonly summary: string } | null;
}

const quiet = (name: string, atMinutes: number, series: AlertCase['series']): AlertCase => ({ name, series, atMinutes, fires: null });
const fires = (
  name: string,
  atMinutes: number,
  series: AlertCase['series'],
  summary: string,
  labels?: Readonly<Record<string, string>>,
): AlertCase => ({ name, series, atMinutes, fires: { labels, summary } });

const certificate = 'lapidary_router_certificate_end_seconds{name="base"}';
const keys = 'lapidary_router_token_keys_confirmed_seconds';
const runs = (cause: string): string => `lapidary_router_runs_total{cause="${cause}"}`;
const refusals = (code: string): string => `lapidary_router_refusals_total{stamp="eu-1",code="${code}"}`;
const connected = 'lapidary_replication_connected{peer="us"}';
const oldest = 'lapidary_intents_oldest_seconds{owner="us"}';
const findings = 'lapidary_router_directory_audit_findings_total{finding="root"}';

/** Each rule by what makes it speak and what must not. */
export const alertCases: Readonly<Record<string, readonly AlertCase[]>> = {
  RouterCertificateExpiring: [
    fires('ten days left', 120, { [certificate]: '864000x120' }, 'The certificate base of r1 ends in 9d 22h 0m 0s', { name: 'base' }),
    quiet('twenty days left', 120, { [certificate]: '1728000x120' }),
    quiet('renewed within the hour', 120, { [certificate]: '864000x30 7776000x90' }),
  ],
  RouterCertificateExpired: [
    fires('a day left', 10, { [certificate]: '100000x20' }, 'The certificate base of r1 ends in 1d 3h 36m 40s', { name: 'base' }),
    quiet('ten days left', 10, { [certificate]: '864000x20' }),
  ],
  RouterTokenKeysOld: [
    fires('not read for two hours', 120, { [keys]: '1x130' }, 'r1 has not read the keys of tokens for 1h 59m 59s'),
    quiet('read lately', 120, { [keys]: '7000x130' }),
    quiet('no tokens are used', 120, { [keys]: '0x130' }),
  ],
  RouterDirectoryNotLive: [
    fires('old', 10, { lapidary_router_directory_age_seconds: '400x20' }, 'r1 has heard nothing of the directory for 6m 40s'),
    quiet('a control plane restarts', 10, { lapidary_router_directory_age_seconds: '200x20' }),
  ],
  RouterDirectoryLags: [
    fires('eight seconds', 10, { lapidary_router_directory_event_lag_seconds: '8x20' }, 'Changes reach r1 8s late'),
    quiet('for two minutes', 10, { lapidary_router_directory_event_lag_seconds: '1x3 8x1 1x20' }),
  ],
  RouterDirectoryUnsound: [
    fires('the first finding there is', 10, { [findings]: '_x5 1x20' }, 'The directory of r1 was not what its changes made of it', {
      finding: 'root',
    }),
    fires('one more', 80, { [findings]: '1x70 2x20' }, 'The directory of r1 was not what its changes made of it', { finding: 'root' }),
    quiet('one of yesterday', 100, { [findings]: '1x120' }),
  ],
  RouterWorkersDie: [
    fires('four at once', 15, { lapidary_router_worker_deaths_total: '0x5 4x20' }, '4 workers of r1 died within 15 minutes'),
    quiet('two', 15, { lapidary_router_worker_deaths_total: '0x5 2x20' }),
  ],
  RouterWorkerHung: [
    fires(
      'one',
      10,
      { lapidary_router_worker_hangs_total: '0x3 1x20' },
      'A worker of r1 did not come back from a turn of its loop, and was ended',
    ),
    quiet('one of yesterday', 100, { lapidary_router_worker_hangs_total: '1x120' }),
  ],
  RouterDies: [
    fires('it died', 10, { [runs('death')]: '0x3 1x20' }, 'The process of r1 had to be started anew (death)', { cause: 'death' }),
    fires('it hung', 10, { [runs('hung')]: '0x3 1x20' }, 'The process of r1 had to be started anew (hung)', { cause: 'hung' }),
    fires(
      'its counts come back with the next one',
      10,
      { [runs('death')]: '0x3 _x1 1x20' },
      'The process of r1 had to be started anew (death)',
      {
        cause: 'death',
      },
    ),
    quiet('it was reloaded', 10, { [runs('reload')]: '0x3 1x20', [runs('death')]: '0x30' }),
  ],
  RouterReloadRefused: [
    fires('refused', 10, { [runs('refused')]: '0x3 1x20' }, 'A reload of r1 was refused; the settings before go on', { cause: 'refused' }),
    quiet('taken', 10, { [runs('reload')]: '0x3 1x20', [runs('refused')]: '0x30' }),
  ],
  RouterStampUnavailable: [
    fires(
      'two a second',
      10,
      { [refusals('stamp_unavailable')]: '0+120x20' },
      'Requests for eu-1 are refused, since none of its front doors can be used',
      {
        stamp: 'eu-1',
      },
    ),
    quiet('one in two seconds', 10, { [refusals('stamp_unavailable')]: '0+30x20' }),
    quiet('others are refused', 10, { [refusals('rate_limited')]: '0+6000x20' }),
  ],
  RouterStampOverloaded: [
    fires('two a second', 15, { [refusals('overloaded')]: '0+120x20' }, 'eu-1 gets more than its places hold', { stamp: 'eu-1' }),
    quiet('one in two seconds', 15, { [refusals('overloaded')]: '0+30x20' }),
  ],
  LapidaryRegionUnreachable: [
    fires('cut', 10, { [connected]: '0x20' }, 'The link to region us has been cut for 5 minutes', { peer: 'us' }),
    quiet('cut for three minutes', 4, { [connected]: '1x1 0x20' }),
  ],
  LapidaryIntentsStuck: [
    fires(
      'though the link stands',
      20,
      { [oldest]: '4000x30', [connected]: '1x30' },
      'Commands for region us wait although the link stands',
      {
        owner: 'us',
      },
    ),
    quiet('the link is cut', 20, { [oldest]: '4000x30', [connected]: '0x30' }),
    quiet('they are young', 20, { [oldest]: '60x30', [connected]: '1x30' }),
  ],
  LapidaryIntentQueueFills: [
    fires(
      'in two states together',
      10,
      { 'lapidary_intents_open{owner="us",state="queued"}': '3000x20', 'lapidary_intents_open{owner="us",state="sent"}': '3000x20' },
      'More than 5,000 commands wait for region us; at 10,000 new ones are refused',
      { owner: 'us' },
    ),
    quiet('four thousand', 10, { 'lapidary_intents_open{owner="us",state="queued"}': '4000x20' }),
  ],
  LapidaryRegionRestored: [
    fires(
      'a peer says so',
      10,
      { 'lapidary_replication_set_back{peer="us"}': '1x20' },
      'Region us was restored from a backup and is not reconciled; nothing is taken from it',
      { peer: 'us' },
    ),
    quiet('reconciled within a minute', 10, { 'lapidary_replication_set_back{peer="us"}': '0x3 1x1 0x20' }),
  ],
  LapidaryRegionFenced: [
    fires(
      'fenced',
      10,
      { lapidary_recovery_fenced: '1x20' },
      'The region of r1 writes nothing, since its database was restored from a backup',
    ),
    quiet('open', 10, { lapidary_recovery_fenced: '0x20' }),
  ],
  LapidaryWrongCredentials: [
    fires(
      'two a second',
      15,
      { 'lapidary_auth_refused_total{entry="bearer",why="unknown"}': '0+120x20' },
      'r1 refuses 2 wrong credentials a second',
    ),
    quiet('one in two seconds', 15, { 'lapidary_auth_refused_total{entry="bearer",why="unknown"}': '0+30x20' }),
    quiet('sessions of yesterday', 15, { 'lapidary_auth_refused_total{entry="cookie",why="expired"}': '0+120x20' }),
  ],
  LapidaryDeadLetters: [
    fires('one', 10, { 'lapidary_replication_dead_letters_open{peer="us"}': '1x20' }, 'Events of region us could not be applied', {
      peer: 'us',
    }),
    quiet('none', 10, { 'lapidary_replication_dead_letters_open{peer="us"}': '0x20' }),
  ],
  LapidarySignatureRefused: [
    fires(
      'forged events',
      10,
      { 'lapidary_replication_signatures_refused_total{peer="us",what="events",why="unsigned"}': '0x5 1x20' },
      'What comes in the name of region us is not signed by it and is refused: events, unsigned',
      { peer: 'us', what: 'events', why: 'unsigned' },
    ),
    quiet('long ago', 30, { 'lapidary_replication_signatures_refused_total{peer="us",what="events",why="unsigned"}': '0x5 1x40' }),
  ],
  LapidaryRegionKeysRefused: [
    fires(
      'a broken file',
      10,
      { 'lapidary_region_key_file_refused{file="peers"}': '1x20' },
      'New keys of regions (peers) can not be used at r1; those before them are in force',
      { file: 'peers' },
    ),
    quiet('half written for a minute', 10, { 'lapidary_region_key_file_refused{file="peers"}': '0x3 1x1 0x10' }),
  ],
  LapidaryRubbishReceived: [
    fires(
      'rubbish for the control plane',
      10,
      { 'lapidary_nats_refused_total{subject="geo.eu.ack.us",why="malformed"}': '0x5 9x20' },
      'What comes over NATS on geo.eu.ack.us is refused by r1, since it is nothing that belongs there',
      { subject: 'geo.eu.ack.us' },
    ),
    fires(
      'rubbish for a router',
      10,
      { 'lapidary_router_nats_refused_total{subject="routers.eu.budget",why="malformed"}': '0x5 1x20' },
      'What comes over NATS on routers.eu.budget is refused by r1, since it is nothing that belongs there',
      { subject: 'routers.eu.budget' },
    ),
    quiet('too much at once', 10, { 'lapidary_nats_refused_total{subject="geo.eu.ack.us",why="too_many"}': '0x5 9x20' }),
    quiet('long ago', 30, { 'lapidary_nats_refused_total{subject="geo.eu.ack.us",why="malformed"}': '0x5 9x40' }),
  ],
  LapidaryDatabaseBlocked: [
    fires(
      'read only',
      10,
      { lapidary_database_blocked: '0x3 1x20' },
      'The database of the region of r1 is there and refuses what it is asked; reads go on where it answers them',
    ),
    quiet('a fail-over', 10, { lapidary_database_blocked: '0x3 1 0x20' }),
  ],
  LapidaryPublishingBlocked: [
    fires(
      'routes',
      10,
      { lapidary_outbox_blocked: '0x20', lapidary_directory_blocked: '1x20' },
      'The NATS of the region of r1 takes nothing into its streams; routers and stamps go on with what they have',
    ),
    fires(
      'events',
      10,
      { lapidary_outbox_blocked: '1x20', lapidary_directory_blocked: '0x20' },
      'The NATS of the region of r1 takes nothing into its streams; routers and stamps go on with what they have',
    ),
    quiet('neither', 10, { lapidary_outbox_blocked: '0x20', lapidary_directory_blocked: '0x20' }),
  ],
  LapidaryDriftNotLooked: [
    fires(
      'overdue',
      10,
      { lapidary_drift_overdue: '1x20' },
      'Nobody has looked for drift in the region of r1 for longer than is meant; that nothing is found means nothing',
    ),
    quiet('looked', 10, { lapidary_drift_overdue: '0x20' }),
  ],
  LapidaryDriftSensorBlind: [
    fires(
      'one that no run has found to see since',
      20,
      { 'lapidary_drift_findings{kind="sensor",severity="critical",state="open"}': '1x30' },
      '1 drift sensors of the region of r1 do not find what is planted for them',
    ),
    quiet('a stamp could not be looked at', 20, { 'lapidary_drift_findings{kind="sensor",severity="warning",state="open"}': '1x30' }),
    quiet('accepted for a while', 20, { 'lapidary_drift_findings{kind="sensor",severity="critical",state="suppressed"}': '1x30' }),
  ],
  LapidaryDriftCritical: [
    fires(
      'two kinds together',
      10,
      {
        'lapidary_drift_findings{kind="placement",severity="critical",state="open"}': '1x20',
        'lapidary_drift_findings{kind="scrub",severity="critical",state="open"}': '2x20',
      },
      '3 things differ critically from what they should be in the region of r1',
    ),
    quiet('warnings', 10, { 'lapidary_drift_findings{kind="spec",severity="warning",state="open"}': '9x20' }),
  ],
  LapidaryDriftQuarantined: [
    fires(
      'some',
      10,
      { lapidary_drift_quarantined: '2x20' },
      '2 findings of the region of r1 were repaired three times for nothing and wait for a person',
    ),
    quiet('none', 10, { lapidary_drift_quarantined: '0x20' }),
  ],
};
