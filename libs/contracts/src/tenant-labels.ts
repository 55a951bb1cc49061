/** Labels of a tenant by which routers go. They travel with all else that is said of it, to every region. */
export const residencyLabel = 'residency';
/** Routers outside of its residency must not read its requests. */
export const strictResidency = 'strict';

export const trafficLabel = 'traffic';
/** Nobody forwards its requests: its data is about to be elsewhere, or must not change for a moment. */
export const frozenTraffic = 'frozen';

export const isFrozenByLabel = (labels: Readonly<Record<string, string>>): boolean => labels[trafficLabel] === frozenTraffic;
