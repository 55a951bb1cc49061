import * as subjects from './subjects.js';

/** What each kind of process may do on its region's NATS server. Whoever takes over a stamp must not speak for the fleet. */
export const natsRoles = ['control', 'peer', 'router', 'agent'] as const;
export type NatsRole = (typeof natsRoles)[number];

export interface SubjectPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** May answer a request that it received. */
  readonly mayReply: boolean;
}

const inbox = '_INBOX.>';

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
export const permissionsOf = (role: NatsRole, region: string): SubjectPermissions | null => {
  switch (role) {
    case 'control':
      return null;
    case 'peer':
      // The other regions' control planes: read our events, ask for a back-fill, forward what is ours to decide.
      return {
        publish: [
          ...readStream(subjects.geoStream(region)),
          subjects.geoBackfill(region),
          // Of itself; with a user of its own for each region, its own name in the place of the star.
          subjects.geoContents(region, '*'),
          subjects.geoAck(region),
          subjects.geoDigest(region, '*'),
          subjects.geoSketch(region, '*'),
          subjects.apiForward(region),
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
        subscribe: [inbox, subjects.agentHold(region, '*'), subjects.agentFence(region, '*')],
        mayReply: true,
      };
  }
};

const list = (items: readonly string[]): string => `[${items.map((item) => JSON.stringify(item)).join(', ')}]`;

/** One entry of the server's `users`. `password` as it stands in the file: quoted, or `$VARIABLE` of the server's environment. */
export const userEntry = (role: NatsRole, password: string, region: string): string => {
  const permissions = permissionsOf(role, region);
  const rules = permissions
    ? `, permissions: { publish: { allow: ${list(permissions.publish)} }, subscribe: { allow: ${list(permissions.subscribe)} }${permissions.mayReply ? ', allow_responses: true' : ''} }`
    : '';
  return `    { user: ${role}, password: ${password}${rules} }`;
};
