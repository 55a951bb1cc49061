/**
 * The paths of the HTTP API, for the clients (stampctl, console) and for tests. Names are checked before they get here,
 * and encoded all the same: a path must never be bent by what somebody typed.
 */
const part = encodeURIComponent;

export const versionPath = '/v1/version';
export const regionsPath = '/v1/regions';
export const stampsPath = '/v1/stamps';
export const tenantsPath = '/v1/tenants';
export const plansPath = '/v1/plans';
export const jobsPath = '/v1/jobs';
export const rolloutsPath = '/v1/rollouts';
export const versionSkewPath = '/v1/versions';
export const routePath = '/v1/route';
export const eventsPath = '/v1/events';
export const auditPath = '/v1/audit';
export const auditVerifyPath = `${auditPath}/verify`;
export const sessionPath = '/v1/session';
export const driftPath = '/v1/drift';
export const driftFindingsPath = `${driftPath}/findings`;
export const driftRepairsPath = '/v1/drift/repairs';
export const driftRunsPath = `${driftPath}/runs`;
export const driftTrendPath = `${driftPath}/trend`;
export const driftSuppressionsPath = `${driftPath}/suppressions`;
export const readyPath = '/readyz';

export const stampPath = (name: string): string => `${stampsPath}/${part(name)}`;
export const provisionPath = (name: string): string => `${stampPath(name)}/provision`;
export const capacityPath = (region: string): string => `/v1/capacity/${part(region)}`;
export const capacityDecisionsPath = (region: string): string => `${capacityPath(region)}/decisions`;
export const trafficPath = (region: string): string => `/v1/traffic/${part(region)}`;
export const limitsPath = (region: string): string => `/v1/limits/${part(region)}`;
export const retirementPath = (name: string): string => `${stampPath(name)}/retirement`;
export const retirePath = (name: string): string => `${stampPath(name)}/retire`;
export const planPath = (name: string): string => `${stampPath(name)}/plan`;
export const cordonPath = (name: string): string => `${stampPath(name)}/cordon`;
export const uncordonPath = (name: string): string => `${stampPath(name)}/uncordon`;
export const tenantPath = (id: string): string => `${tenantsPath}/${part(id)}`;
export const tenantSuspendPath = (id: string): string => `${tenantPath(id)}/suspend`;
export const tenantResumePath = (id: string): string => `${tenantPath(id)}/resume`;
export const tenantExplainPath = (id: string): string => `${tenantPath(id)}/explain`;
export const jobPath = (id: string): string => `${jobsPath}/${part(id)}`;
export const jobEventsPath = (id: string): string => `${jobPath(id)}/events`;
export const jobCancelPath = (id: string): string => `${jobPath(id)}/cancel`;
export const deadLettersPath = `${jobsPath}/dead-letters`;
export const deadLetterPath = (id: string): string => `${deadLettersPath}/${part(id)}`;
export const deadLetterReplayPath = (id: string): string => `${deadLetterPath(id)}/replay`;
export const deadLetterDropPath = (id: string): string => `${deadLetterPath(id)}/drop`;
export const jobRetryPath = (id: string): string => `${jobPath(id)}/retry`;
export const driftFindingPath = (id: string): string => `${driftFindingsPath}/${part(id)}`;
export const driftRunPath = (id: string): string => `${driftRunsPath}/${part(id)}`;
export const driftSuppressionPath = (id: string): string => `${driftSuppressionsPath}/${part(id)}`;

export const eventDeadLettersPath = '/v1/dead-letters';
export const conflictsPath = '/v1/conflicts';
export const conflictCountsPath = `${conflictsPath}/counts`;
export const conflictPath = (id: string): string => `${conflictsPath}/${part(id)}`;
export const intentsPath = '/v1/intents';
export const intentPath = (id: string): string => `${intentsPath}/${part(id)}`;
export const intentCancelPath = (id: string): string => `${intentPath(id)}/cancel`;
export const tokensPath = '/v1/tokens';
export const tokenRevokePath = (name: string): string => `${tokensPath}/${part(name)}/revoke`;
export const geodePath = '/v1/geode';
export const geodeOpenPath = `${geodePath}/recovery/open`;
export const geodeTrustPath = `${geodePath}/recovery/trust`;
export const geodeReseedPath = `${geodePath}/recovery/reseed`;
export const eventDeadLetterPath = (id: string): string => `${eventDeadLettersPath}/${part(id)}`;
export const eventDeadLetterReplayPath = (id: string): string => `${eventDeadLetterPath(id)}/replay`;
export const eventDeadLetterDropPath = (id: string): string => `${eventDeadLetterPath(id)}/drop`;
export const rolloutPath = (id: string): string => `${rolloutsPath}/${part(id)}`;
export const rolloutEventsPath = (id: string): string => `${rolloutPath(id)}/events`;
export const rolloutGiveUpPath = (id: string): string => `${rolloutPath(id)}/give-up`;
export const rolloutVerbPath = (id: string, verb: string): string => `${rolloutPath(id)}/${part(verb)}`;
export const stampChangePath = (name: string): string => `${stampPath(name)}/rollout`;
export const stampReleasePath = (name: string): string => `${stampChangePath(name)}/release`;
export const observationsPath = (region: string): string => `${regionsPath}/${part(region)}/observations`;
export const eventSchemasPath = (region: string): string => `${regionsPath}/${part(region)}/event-schemas`;
