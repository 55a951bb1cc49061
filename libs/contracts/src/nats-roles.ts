import * as subjects from './subjects.js';

/** What each kind of process may do on its region's NATS server. Whoever takes over a stamp must not speak for the fleet. */
export type NatsRole = 'control' | 'peer' | 'router' | 'agent';

/** A user of a region's NATS server. Each other region is one of its own, so that one can't ask in the name of another (I3). */
export type NatsUser = { readonly role: Exclude<NatsRole, 'peer'> } | { readonly role: 'peer'; readonly region: string };

export interface SubjectPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** May answer a request that it received. */
  readonly mayReply: boolean;
}

/** Everybody whom the server of a region of this fleet knows. */
export const natsUsersOf = (region: string, regions: readonly string[]): readonly NatsUser[] => [
  { role: 'control' },
  ...regions.filter((other) => other !== region).map((other) => ({ role: 'peer', region: other }) as const),
  { role: 'router' },
  { role: 'agent' },
];

/** The name under which a region's control plane comes to the others' servers. */
export const peerUser = (region: string): string => `peer-${region}`;
export const userName = (user: NatsUser): string => (user.role === 'peer' ? peerUser(user.region) : user.role);

/** Variable of the server's environment that has a user's password: `NATS_PEER_US_PASSWORD`. */
export const passwordVariable = (user: NatsUser): string => `NATS_${userName(user).toUpperCase().replaceAll('-', '_')}_PASSWORD`;

/** Where answers to a user arrive: no other user, the control plane apart, can listen there. */
export const inboxPrefix = (user: string): string => `_INBOX_${user}`;

/** What a client needs to read one stream with an ordered consumer, and nothing more: it can't write or change the stream. */
const readStream = (stream: string): string[] => [
  '$JS.API.INFO',
  '$JS.API.STREAM.NAMES',
  `$JS.API.STREAM.INFO.${stream}`,
  `$JS.API.STREAM.MSG.GET.${stream}`,
  `$JS.API.DIRECT.GET.${stream}`,
  `$JS.API.DIRECT.GET.${stream}.>`,
  `$JS.API.CONSUMER.CREATE.${stream}`,
  `$JS.API.CONSUMER.CREATE.${stream}.>`,
  `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.>`,
  `$JS.API.CONSUMER.INFO.${stream}.>`,
  `$JS.API.CONSUMER.DELETE.${stream}.>`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.>`,
  `$JS.ACK.${stream}.>`,
  '$JS.FC.>',
];

/** null: everything. */
export const permissionsOf = (user: NatsUser, region: string): SubjectPermissions | null => {
  const inbox = `${inboxPrefix(userName(user))}.>`;
  switch (user.role) {
    case 'control':
      return null;
    case 'peer':
      // Another region's control plane: reads our events, asks in its own name, forwards what is ours to decide.
      return {
        publish: [
          ...readStream(subjects.geoStream(region)),
          ...[
            subjects.geoBackfill,
            subjects.geoContents,
            subjects.geoAck,
            subjects.geoDigest,
            subjects.geoSketch,
            subjects.geoSchema,
            subjects.geoRecovery,
            subjects.apiForward,
            subjects.apiIntents,
          ].map((subject) => subject(region, user.region)),
        ],
        subscribe: [inbox],
        mayReply: false,
      };
    case 'router':
      return {
        publish: [
          ...readStream(subjects.directoryStream(region)),
          subjects.directorySnapshot(region),
          subjects.routerHeartbeat(region),
          subjects.routerLimits(region),
          subjects.routerBudget(region),
          subjects.routerTraffic(region),
        ],
        subscribe: [
          inbox,
          subjects.directoryAll(region),
          subjects.directoryDigest(region),
          subjects.routerExplain(region),
          subjects.routerReplicas(region),
          subjects.routerLimitsChanged(region),
          subjects.routerBudget(region),
        ],
        mayReply: true,
      };
    case 'agent':
      return {
        publish: [
          subjects.agentRegister(region),
          subjects.agentHeartbeat(region),
          subjects.agentSync(region),
          subjects.agentCredentials(region),
        ],
        // `_INBOX.>`: agents of stamps that have not been rolled out since inboxes have names. Nobody else's answers arrive there.
        subscribe: [
          inbox,
          '_INBOX.>',
          subjects.agentHold(region, '*'),
          subjects.agentReplica(region, '*'),
          subjects.agentFence(region, '*'),
        ],
        mayReply: true,
      };
  }
};

const list = (items: readonly string[]): string => `[${items.map((item) => JSON.stringify(item)).join(', ')}]`;

/** One entry of the server's `users`. `password` as it stands in the file: quoted, or `$VARIABLE` of the server's environment. */
export const userEntry = (user: NatsUser, password: string, region: string): string => {
  const permissions = permissionsOf(user, region);
  const rules = permissions
    ? `, permissions: { publish: { allow: ${list(permissions.publish)} }, subscribe: { allow: ${list(permissions.subscribe)} }${permissions.mayReply ? ', allow_responses: true' : ''} }`
    : '';
  return `    { user: ${userName(user)}, password: ${password}${rules} }`;
};
