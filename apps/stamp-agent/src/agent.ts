import { readFileSync } from 'node:fs';
import type { StampAgentConfig } from '@lapidary/config/stamp-agent';
import { newId } from '@lapidary/kernel/ids';
import { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import { Contact } from './contact.js';
import { listenForFences } from './fence-listener.js';
import { Flights } from './flights.js';
import { FrontDoor, type FrontDoorOptions } from './front-door.js';
import { Heartbeats } from './heartbeats.js';
import { HoldListener } from './hold-listener.js';
import { Holder } from './holder.js';
import { HoldingsFile } from './holdings-file.js';
import { Load } from './load.js';
import { createStampAgentMetrics } from './metrics.js';
import { Misses } from './misses.js';
import { agentPages } from './pages.js';
import { openPublicDoor } from './public-door/open-public-door.js';
import { Registration } from './registration.js';
import type { RegistrationState } from './registration-states.js';
import { ReplicaListener } from './replica-listener.js';
import { Resync } from './resync.js';
import { Traffic } from './traffic.js';
import { WorkloadCredentials } from './workload-credentials.js';
import { WorkloadHealth } from './workload-health.js';

export interface Agent {
  readonly url: string;
  /** Of the public door, where there is one. */
  readonly publicUrl: string | null;
  readonly instanceId: string;
  readonly state: () => RegistrationState;
  /** Finishes what is in flight within `graceMs`, then ends. */
  stop(graceMs: number): Promise<void>;
}

const agentVersion = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;

/** Wires one agent together; several can live in one process, as tests have them. */
export const startAgent = async (config: StampAgentConfig, logger: Logger): Promise<Agent> => {
  const { LAPIDARY_STAMP: stamp, LAPIDARY_REGION: region, LAPIDARY_AGENT_TOKEN: token } = config;
  const instanceId = newId();
  const metrics = createStampAgentMetrics({ processMetrics: true });
  const flights = new Flights();
  const contact = new Contact(config.LAPIDARY_HOLD_ALONE_MS ?? null);
  const file = config.LAPIDARY_HOLDINGS_FILE === undefined ? null : new HoldingsFile(config.LAPIDARY_HOLDINGS_FILE, stamp, token);
  const holder = new Holder(file, contact, flights, logger);
  await restoreSaved(file, holder, contact, logger);
  const workload = new WorkloadHealth(config.LAPIDARY_WORKLOAD_URL);
  const load = new Load(flights);
  const traffic = new Traffic();
  const link = new NatsLink({
    url: config.LAPIDARY_NATS_URL,
    user: config.LAPIDARY_NATS_USER,
    password: config.LAPIDARY_NATS_PASSWORD,
    name: `stamp-agent:${stamp}`,
    logger,
  });
  let url = '';
  let draining = false;

  const registration: Registration = new Registration({
    link,
    region,
    holder,
    contact,
    logger,
    request: () => ({ stamp, token, instanceId, agentVersion, workloadVersion: workload.state.version, frontDoor: url }),
    onState: (state) => {
      if (state === 'fenced') [listener, replica].forEach((heard) => heard.stop());
      if (state === 'registered') [listener, replica].forEach((heard) => heard.start());
      // Whoever waits for a servable tenant looks again.
      holder.announce();
      logger.info({ state }, 'registration');
    },
  });
  const resync = new Resync({
    link,
    region,
    stamp,
    instanceId,
    registration,
    holder,
    contact,
    logger,
    onSync: (cause, outcome) => metrics.lapidary_agent_syncs_total.inc({ cause, outcome }),
  });
  const onStale = (): void => void resync.ask('stale-push');
  const listener = new HoldListener({ link, region, stamp, instanceId, holder, registration, onStale });
  const replica = new ReplicaListener({ link, region, stamp, holder, refresh: () => resync.ask('drift') });
  const credentials = new WorkloadCredentials({
    link,
    region,
    stamp,
    token,
    instanceId,
    workloadUrl: config.LAPIDARY_WORKLOAD_URL,
    registration,
    logger,
    onTold: (outcome) => metrics.lapidary_agent_credentials_total.inc({ outcome }),
  });
  const heartbeats = new Heartbeats({ link, region, stamp, instanceId, agentVersion, registration, holder, load, traffic, workload });
  // Until the first answer there is nobody to ask; what waits is woken by the change of state.
  const misses = new Misses(holder, () => (registration.state === 'registering' ? untilWoken() : resync.ask('miss')));
  const serves = (): boolean => registration.serves && contact.isFresh;
  const isDraining = (): boolean => draining;

  const doorOptions: FrontDoorOptions = {
    stamp,
    workloadUrl: config.LAPIDARY_WORKLOAD_URL,
    epochOf: (tenant) => holder.epochOf(tenant),
    serves,
    onMiss: (isServable) => misses.wait(isServable),
    flights,
    pages: agentPages({
      linkCount: () => door.linkCount,
      stamp,
      instanceId,
      registration,
      holder,
      contact,
      flights,
      workload,
      metrics,
      serves,
      isDraining,
    }),
    linkKey: config.LAPIDARY_LINK_KEY_FILE ?? null,
    onLinkClosed: (fault) => metrics.lapidary_agent_links_closed_total.inc({ fault }),
    onRefused: (reason) => metrics.lapidary_agent_refusals_total.inc({ reason }),
    onForwarded: (result) => {
      load.countRequest();
      traffic.count(result);
      metrics.lapidary_agent_requests_total.inc({ outcome: result.kind });
      if ('headMs' in result) metrics.lapidary_agent_head_seconds.observe(result.headMs / 1_000);
    },
  };
  const door: FrontDoor = new FrontDoor(doorOptions);

  const host = config.LAPIDARY_HTTP_HOST;
  const port = await door.listen(host, config.LAPIDARY_HTTP_PORT).catch(async (error: unknown) => {
    await link.close();
    throw error;
  });
  const publicDoor = await openPublicDoor(config, doorOptions, logger).catch(async (error: unknown) => {
    await Promise.all([door.drain(0), link.close()]);
    throw error;
  });
  url = config.LAPIDARY_FRONT_DOOR_URL ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  workload.start();
  const stopHearingFences = listenForFences(link, region, stamp, registration);
  listener.start();
  registration.start();
  resync.start();
  heartbeats.start();
  credentials.start();
  logger.info({ url, instanceId }, 'the front door is open');

  return {
    url,
    publicUrl: publicDoor?.url ?? null,
    instanceId,
    state: () => registration.state,
    stop: async (graceMs) => {
      draining = true;
      heartbeats.stop();
      await Promise.all([door.drain(graceMs), publicDoor?.drain(graceMs)]);
      listener.stop();
      replica.stop();
      stopHearingFences();
      await Promise.all([registration.stop(), resync.stop(), workload.stop(), credentials.stop()]);
      await holder.persist().catch((error: unknown) => logger.error({ err: error }, 'the copy on disk is stale'));
      await link.close();
    },
  };
};

const untilWoken = (): Promise<void> => new Promise(() => undefined);

/** Not served before the registration's grace is over: the control plane's word goes before the disk's. */
const restoreSaved = async (file: HoldingsFile | null, holder: Holder, contact: Contact, logger: Logger): Promise<void> => {
  const result = (await file?.load()) ?? { kind: 'absent' as const };
  if (result.kind === 'refused') logger.error({ reason: result.reason }, 'the copy of the holdings on disk is refused');
  if (result.kind !== 'loaded') return;
  contact.restore(result.saved.contactAtMs);
  holder.restore(result.saved.snapshot);
  logger.info({ holding: holder.count, asOf: holder.asOf }, 'there is a copy of the holdings on disk');
};
