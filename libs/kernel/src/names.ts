/** Identities that people type. All are DNS labels (RFC 1035 §2.3.1, digits first allowed by RFC 1123 §2.1). */

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

export type RegionName = Branded<string, 'RegionName'>;
export type StampName = Branded<string, 'StampName'>;
export type TenantId = Branded<string, 'TenantId'>;
export type JobId = Branded<string, 'JobId'>;
export type DriftId = Branded<string, 'DriftId'>;

/** A DNS label has at most 63 octets (RFC 1035 §2.3.4). */
export const dnsLabelLengthMax = 63;
/** Leaves room for "-<n>" and for prefixes such as "stamp-" in names that clouds limit to 32 characters. */
export const regionNameLengthMax = 20;

export const dnsLabelPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
export const regionNamePattern = /^[a-z](?:[a-z0-9]|-(?=[a-z]))*$/;
/** `<region>-<n>`, n from 1 to 9999. */
export const stampNamePattern = /^([a-z](?:[a-z0-9]|-(?=[a-z]))*)-([1-9][0-9]{0,3})$/;
export const jobIdPattern = /^([a-z](?:[a-z0-9]|-(?=[a-z]))*)\.([0-9A-HJKMNP-TV-Z]{26})$/;

/** Roll-outs are named as jobs are, so that any geode finds the one that coordinates it. */
export const rolloutIdPattern = jobIdPattern;

/** An intent is named after the region that queued it, as a job is after the one that runs it. */
export const intentIdPattern = jobIdPattern;

/**
 * A host name as it stands in DNS: two labels at least, lower case, A-labels for what is not ASCII (RFC 5890 §2.3.2.1), no final dot. The last
 * label begins with a letter, so no address is one (RFC 1123 §2.1).
 */
export const hostNamePattern = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export const isTenantId = (value: string): value is TenantId => dnsLabelPattern.test(value);

export const isRegionName = (value: string): value is RegionName => value.length <= regionNameLengthMax && regionNamePattern.test(value);

export const isStampName = (value: string): value is StampName => regionOfStamp(value) !== null;

/** The region that a stamp's name says it belongs to, or null where the name is no stamp name. */
export const regionOfStamp = (stamp: string): RegionName | null => {
  const region = stampNamePattern.exec(stamp)?.[1];
  return region !== undefined && isRegionName(region) ? region : null;
};

/** The region that coordinates a roll-out. */
export const regionOfRollout = (rollout: string): RegionName | null => regionOfJob(rollout);

/** The region that runs a job; a job's id is `<region>.<ULID>` so that any geode can forward a question about it. */
export const regionOfJob = (job: string): RegionName | null => {
  const region = jobIdPattern.exec(job)?.[1];
  return region !== undefined && isRegionName(region) ? region : null;
};

/** The region whose geode keeps a drift finding, run or suppression; their ids are built as jobs' are. */
export const regionOfDrift = (id: string): RegionName | null => regionOfJob(id);
