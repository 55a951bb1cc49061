import { HeartbeatSchema, latencyBoundsMs, TrafficSchema } from '@lapidary/contracts/agent-protocol';
import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import { Traffic } from './traffic.js';

const answered = (status: number, headMs: number): ForwardResult => ({ kind: 'answered', status, headMs });

test('errors are what the workload owed an answer for: 5xx, cut, or none; not what a client broke off', () => {
  const traffic = new Traffic();
  const results: ForwardResult[] = [
    answered(200, 1),
    answered(404, 1),
    answered(500, 1),
    answered(503, 1),
    { kind: 'unreachable', reason: 'refused' },
    { kind: 'no_answer', reason: 'reset', detail: '', reusedSocket: false },
    { kind: 'cut', status: 200, reason: 'reset' },
    { kind: 'client_gone' },
    { kind: 'client_stalled' },
    { kind: 'tunnelled', headMs: 1, bytesUp: 1, bytesDown: 1 },
  ];
  for (const result of results) traffic.count(result);
  expect(traffic.snapshot()).toMatchObject({ requests: 7, errors: 5 });
  expect(traffic.snapshot().latency.reduce((a, b) => a + b)).toBe(4);
});

test('a request falls into the first bucket whose bound it does not exceed, the longest into the last', () => {
  const traffic = new Traffic();
  for (const ms of [0, 1, 1.01, 10_000, 10_001, 1e9]) traffic.count(answered(200, ms));
  const { latency } = traffic.snapshot();
  expect([latency[0], latency[1], latency[latencyBoundsMs.length - 1], latency[latencyBoundsMs.length]]).toEqual([2, 1, 1, 2]);
  expect(TrafficSchema.parse(traffic.snapshot())).toEqual(traffic.snapshot());
});

test('a heartbeat without traffic, or with buckets of another layout, is still a heartbeat', () => {
  const beat = {
    stamp: 'eu-1',
    instanceId: '0'.repeat(26),
    epoch: 1,
    sequence: 1,
    atMs: 1,
    load: { cpuPercent: 0, memoryBytes: 0, requestsPerSecond: 0, inFlight: 0 },
    holding: { count: 0, asOf: 0 },
    workload: { healthy: true, version: null },
    agentVersion: '1',
  };
  expect(HeartbeatSchema.parse(beat).traffic).toBeUndefined();
  expect(HeartbeatSchema.parse({ ...beat, traffic: { requests: 1, errors: 0, latency: [1] } }).traffic).toBeUndefined();
});
