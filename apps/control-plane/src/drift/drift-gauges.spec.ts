import type { SensorReport } from '@lapidary/contracts/api/drift';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { DriftGauges } from './drift-gauges.js';
import { driftMetrics } from './metrics.js';

const report = (kind: SensorReport['kind'], canary: SensorReport['canary']): SensorReport => ({
  ...{ kind, canary, looked: 1, skipped: [], differences: 0, tookMs: 1 },
});

describe('whether a sensor is alive', () => {
  it('is what the last run that planted something for it says; a run of one stamp changes nothing, and a lone region is not blind', async () => {
    const metrics = createMetrics(driftMetrics, { processMetrics: false });
    const gauges = new DriftGauges(metrics);
    const alive = async (): Promise<Record<string, number>> =>
      Object.fromEntries((await metrics.lapidary_drift_sensor_alive.get()).values.map((v) => [String(v.labels.sensor), v.value]));
    gauges.showSensors([report('spec', 'found'), report('route-epoch', 'missed'), report('data-digest', 'not-planted')]);
    expect(await alive()).toEqual({ spec: 1, 'route-epoch': 0 });
    gauges.showSensors([report('spec', 'not-planted'), report('route-epoch', 'not-planted')]);
    expect(await alive()).toEqual({ spec: 1, 'route-epoch': 0 });
    gauges.showSensors([report('route-epoch', 'found')]);
    expect(await alive()).toEqual({ spec: 1, 'route-epoch': 1 });
  });
});
