import { SketchQuestionSchema } from '@lapidary/contracts/digest-protocol';
import { PeerDigestQuestionSchema } from '@lapidary/contracts/fleet-protocol';
import { geoDigest, geoSketch } from '@lapidary/contracts/subjects';
import type { TestRegion } from '../../outbox/testing/test-region.js';
import { answerDigest, answerSketch } from '../answer-digest.js';

/**
 * Answers a peer's questions about digests as a control plane of the region does. Returns how to stop. `beforeSketch`: what an answer about
 * a set waits for.
 */
export const serveDigests = (
  { nats, name, dataSource }: TestRegion,
  peer: string,
  beforeSketch: () => Promise<void> = async () => Promise.resolve(),
): (() => void) => {
  const stops = [
    nats.serveJson(geoDigest(name, peer), PeerDigestQuestionSchema, async (q) => answerDigest(dataSource, peer, q)),
    nats.serveBytes(geoSketch(name, peer), SketchQuestionSchema, async (q) => {
      await beforeSketch();
      return await answerSketch(dataSource, peer, q);
    }),
  ];
  return () => stops.forEach((stop) => stop());
};
