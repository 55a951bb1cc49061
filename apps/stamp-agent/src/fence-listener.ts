import { FenceNoticeSchema } from '@lapidary/contracts/agent-protocol';
import { agentFence } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Registration } from './registration.js';

/**
 * Hears that a newer process has registered for the stamp, at once instead of at the next sync (P-HB3). The notice of one's
 * own registration comes with one's own epoch, and is nothing new.
 */
export const listenForFences = (link: NatsLink, region: string, stamp: string, registration: Registration): (() => void) =>
  link.subscribeJson(agentFence(region, stamp), FenceNoticeSchema, ({ epoch }) => {
    const session = registration.accepted;
    if (session !== null && epoch > session.epoch) registration.fence(session.epoch);
  });
