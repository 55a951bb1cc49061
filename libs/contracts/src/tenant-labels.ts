/** Labels of a tenant by which routers go. They travel with all else that is said of it, to every region. */
export const residencyLabel = 'residency';
/** Routers outside of its residency must not read its requests. */
export const strictResidency = 'strict';

export const trafficLabel = 'traffic';
/** Nobody forwards its requests: its data is about to be elsewhere, or must not change for a moment. */
export const frozenTraffic = 'frozen';

export const isFrozenByLabel = (labels: Readonly<Record<string, string>>): boolean => labels[trafficLabel] === frozenTraffic;

/**
 * Until when a tenant is frozen, RFC 3339: its home region ends the freeze then, by its own clock; every other one tells its routers so a minute later, by
 * its own. Without it, until somebody does.
 */
export const frozenUntilLabel = 'traffic-until';

type Labels = Readonly<Record<string, string>>;

/** When a freeze ends, in ms since 1970; null where it has no end that can be read: then it goes on, which refuses and loses nothing. */
export const freezeEndsAt = (labels: Labels): number | null => {
  const at = Date.parse(labels[frozenUntilLabel] ?? '');
  return isFrozenByLabel(labels) && !Number.isNaN(at) ? at : null;
};

export const hasFreezeEnded = (labels: Labels, nowMs: number): boolean => {
  const at = freezeEndsAt(labels);
  return at !== null && at <= nowMs;
};

/** Clocks of regions differ by less, and a home region that works ends a freeze within seconds. */
const overdueMs = 60_000;

/**
 * Whether routers are to be told that nobody forwards the tenant's requests. Of a freeze whose time is over for long they are not, whatever its home
 * region has come to: it may be down, and nobody else may change its labels.
 */
export const isHeldUp = (labels: Labels, nowMs: number): boolean => isFrozenByLabel(labels) && !hasFreezeEnded(labels, nowMs - overdueMs);

export const frozen = (labels: Labels, untilMs: number | null): Record<string, string> => ({
  ...thawed(labels),
  [trafficLabel]: frozenTraffic,
  ...(untilMs === null ? {} : { [frozenUntilLabel]: new Date(untilMs).toISOString() }),
});

/** The labels of a tenant that nobody holds up any more; what else stands there stays. */
export const thawed = (labels: Labels): Record<string, string> =>
  Object.fromEntries(
    Object.entries(labels).filter(([name, value]) => name !== frozenUntilLabel && !(name === trafficLabel && value === frozenTraffic)),
  );
