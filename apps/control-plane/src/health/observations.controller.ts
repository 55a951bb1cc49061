import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import {
  ObservationsQuerySchema,
  ObservationsSchema,
  type Observations,
  type StampObservation,
} from '@lapidary/contracts/api/observations';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { readTraffic } from './traffic-rows.js';

@Controller('v1/regions')
export class ObservationsController {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get(':name/observations')
  @ApiAnswers({
    summary: 'What a region observes of its stamps now: health, version, and the traffic at their front doors over given windows',
    description: 'Answered by the region itself. Roll-outs judge a version by it.',
    tag: 'regions',
    answers: { 200: ObservationsSchema },
  })
  async show(
    @Param('name', { schema: RegionNameSchema }) name: string,
    @Query({ schema: ObservationsQuerySchema }) { windows }: z.infer<typeof ObservationsQuerySchema>,
  ): Promise<Observations> {
    if (name !== this.config.LAPIDARY_REGION) throw new AppError('not_found', `Region ${name} is not the one that answers here`);
    const traffic = windows.length === 0 ? new Map() : await readTraffic(this.dataSource, name, windows);
    return ObservationsSchema.parse({
      region: name,
      at: new Date().toISOString(),
      stamps: await readObservations(this.dataSource, name),
      windows: windows.map((ms) => ({ ms, traffic: traffic.get(ms) ?? {} })),
    });
  }
}

const readObservations = async (reader: Reader, region: string): Promise<StampObservation[]> =>
  await rowsOf<StampObservation>(
    reader,
    `SELECT s.name AS stamp, s.health, coalesce(o.workload_healthy, false) AS "workloadHealthy", o.workload_version AS "workloadVersion",
            greatest(0, extract(epoch FROM clock_timestamp() - o.last_heartbeat_at) * 1000)::double precision AS "heartbeatAgeMs"
       FROM stamp s LEFT JOIN stamp_observation o ON o.stamp = s.name WHERE s.region = $1 AND s.status <> 'retired' ORDER BY s.name`,
    [region],
  );
